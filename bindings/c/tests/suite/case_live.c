/** Cases of live engines: what a host tells, step by step, and what it is told at each; see live.rs of the Rust runner. */
// For a folder of its own.
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

/** Changes that are kept of a case, at the most. */
#define TOLD_MAX 100

/** An engine, where it is kept if it is, and what it has told. */
typedef struct engine {
    userops_playbook *playbook;
    json *options;
    char *folder;
    userops_live *live;
    json *told[TOLD_MAX];
    size_t told_count;
} engine;

static int open_engine(verdict *v, engine *e) {
    userops_error *error = NULL;
    size_t folder_len = e->folder ? strlen(e->folder) : 0;
    return must(v, userops_live_open(e->folder, folder_len, e->playbook, NULL, 0, RAW(e->options), &e->live, &error), &error);
}

/** Changes against those of the case, all of them in order. */
static void judge_changes(verdict *v, const char *what, json *expected, json *actual) {
    static const char *const KEYS[] = {"user", "kind", "name", "from", "to", "entered", "effective_at"};
    size_t count = expected ? expected->count : 0;
    json_use(expected);
    check(v, actual->count == count, "%s: %zu changes, not %zu: %.*s", what, actual->count, count, (int)actual->raw_len, actual->raw);
    json *change = actual->first;
    for (json *part = expected ? expected->first : NULL; part && change; part = part->next, change = change->next) {
        json *recorded = json_get(part, "recorded_at");
        for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
            json *wanted = json_get(part, KEYS[i]), *found = json_get(change, KEYS[i]);
            check(v, wanted ? found && json_equal(wanted, found) : !found, "%s: %s is %.*s", what, KEYS[i], (int)change->raw_len, change->raw);
        }
        equal_json(v, what, recorded ? recorded : json_get(part, "effective_at"), json_get(change, "recorded_at"));
    }
}

/** Tells an engine what a step says, and gives the changes, or NULL where it was refused. */
static json *tell(verdict *v, engine *e, const char *what, json *step) {
    static const char *const KINDS[] = {"event", "advance", "attributes", "manual_tag"};
    json *said = NULL, *refused = json_get(step, "refused"), *arrival = json_get(step, "arrival");
    const char *kind = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        json *found = json_use(json_get(step, KINDS[i]));
        if (found && said) die("%s: %s says two things", v->name, what);
        if (found) said = found, kind = KINDS[i];
    }
    if (!said) die("%s: %s says nothing", v->name, what);
    if (!strcmp(kind, "advance") && !refused) {
        if (!must(v, userops_live_advance_to(e->live, micros_of(said->text), &bytes, &error), &error)) return NULL;
        return take_json(v, bytes);
    }
    builder entries = {0};
    put_format(&entries, "[{\"%s\":%.*s}]", kind, (int)said->raw_len, said->raw);
    keep(v, entries.data);
    if (!must(v, userops_live_apply(e->live, entries.data, entries.len, &bytes, &error), &error)) return NULL;
    json *result = take_json(v, bytes), *fate = json_get(result, "fates")->first;
    int is_copy = arrival && !strcmp(arrival->text, "duplicate");
    const char *wanted = refused ? "refused" : is_copy ? "duplicate" : "taken";
    check(v, !strcmp(json_text(fate, "fate"), wanted), "%s is %.*s, not %s", what, (int)fate->raw_len, fate->raw, wanted);
    equal_json(v, what, refused, json_get(fate, "error"));
    return refused ? NULL : json_get(result, "changes");
}

static void judge_steps(verdict *v, engine *e, json *steps) {
    size_t number = 0;
    for (json *step = steps->first; step; step = step->next, number++) {
        char what[40];
        snprintf(what, sizeof what, "step %zu%s", number + 1, e->folder ? " in a folder" : "");
        if (e->folder && number == steps->count / 2) {
            userops_live_free(e->live);
            e->live = NULL;
            if (!open_engine(v, e)) return;
        }
        json *changes = tell(v, e, what, step);
        if (!changes) continue;
        judge_changes(v, what, json_get(step, "changes"), changes);
        for (json *change = changes->first; change; change = change->next) {
            if (e->told_count == TOLD_MAX) die("%s tells more than %d changes", v->name, TOLD_MAX);
            e->told[e->told_count++] = change;
        }
    }
}

/** A subscriber finds everything that was told, and the answers are those of a batch. */
static void judge_folder(verdict *v, engine *e) {
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    uint64_t sequence = 9;
    uint32_t index = 9;
    if (!must(v, userops_live_verify(e->live, NULL, &bytes, &error), &error)) return;
    json *differences = take_json(v, bytes);
    check(v, differences->count == 0, "a batch differs: %.*s", (int)differences->raw_len, differences->raw);
    if (!must(v, userops_live_subscribe(e->live, TEXT("judge"), &sequence, &index, &error), &error)) return;
    if (!must(v, userops_live_changes_after(e->live, sequence, index, TOLD_MAX, &bytes, &error), &error)) return;
    json *kept = take_json(v, bytes), *change = kept->first;
    check(v, kept->count == e->told_count, "%zu changes are kept, not %zu", kept->count, e->told_count);
    for (size_t i = 0; i < e->told_count && change; i++, change = change->next) {
        check(v, json_equal(e->told[i], change), "%.*s is kept, not %.*s", (int)change->raw_len, change->raw, (int)e->told[i]->raw_len, e->told[i]->raw);
    }
}

static void judge_engine(verdict *v, engine *e, json *body) {
    json *expect = json_get(body, "expect"), *asked = json_get(body, "forecast"), *steps = json_get(body, "steps");
    userops_table *table = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    if (!open_engine(v, e)) return;
    judge_steps(v, e, steps);
    if (!e->live) return;
    if (must(v, userops_live_table(e->live, &table, &error), &error)) {
        judge_rows(v, "the engine", json_get(expect, "rows"), take_rows(v, table));
    }
    if (asked) {
        json *user = json_get(asked, "user");
        int64_t until = micros_of(json_text(asked, "until"));
        if (must(v, userops_live_forecast(e->live, RAW(user), until, &bytes, &error), &error)) {
            judge_changes(v, "the forecast", json_get(expect, "forecast"), take_json(v, bytes));
        }
    }
    if (e->folder) judge_folder(v, e);
    userops_live_free(e->live);
}

/** Removes the folder of an engine with the files that it has. */
static void remove_folder(const char *folder) {
    static const char *const FILES[] = {"store.redb", "acknowledged", "lock"};
    char path[300];
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, FILES[i]);
        unlink(path);
    }
    if (rmdir(folder)) die("cannot remove %s", folder);
}

void judge_live(verdict *v, json *body) {
    json *document = json_get(body, "playbook"), *lateness = json_get(body, "lateness"), *ahead_max = json_get(body, "ahead_max");
    userops_error *error = NULL;
    engine memory = {0};
    builder options = {0};
    put_format(&options, "{\"lateness\":%.*s", lateness ? (int)lateness->raw_len : 4, lateness ? lateness->raw : "null");
    put_format(&options, ",\"ahead_max\":%.*s}", ahead_max ? (int)ahead_max->raw_len : 4, ahead_max ? ahead_max->raw : "null");
    memory.options = made(v, &options);
    if (!must(v, userops_playbook_from_toml(document->text, document->text_len, &memory.playbook, &error), &error)) return;
    engine kept = memory;
    char folder[] = "/tmp/userops-live-XXXXXX";
    kept.folder = mkdtemp(folder);
    if (!kept.folder) die("cannot make a folder");
    judge_engine(v, &memory, body);
    judge_engine(v, &kept, body);
    remove_folder(folder);
    userops_playbook_free(memory.playbook);
}
