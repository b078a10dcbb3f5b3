/** Cases of answers that come as tables: paths, series, drivers, attribution, churn, survival, buying till you die, lifetime value, early warning; see table.rs, survival.rs, btyd.rs, lifetime_value.rs and warning.rs of the Rust runner. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

void judge_rows(verdict *v, const char *what, json *expected, json *rows) {
    if (!expected || !rows) return;
    json_use(expected);
    check(v, expected->count == rows->count, "there are %zu rows of %s, not %zu", rows->count, what, expected->count);
    json *row = rows->first;
    int number = 0;
    for (json *part = expected->first; part && row; part = part->next, row = row->next, number++) {
        for (json *value = part->first; value; value = value->next) {
            if (!strcmp(value->key, "unknown")) {
                for (json *name = json_use(value)->first; name; name = name->next) {
                    json *found = json_get(row, name->text);
                    check(v, !found || found->type == JSON_NULL, "%s of row %d of %s is known", name->text, number, what);
                }
                continue;
            }
            char named[200];
            snprintf(named, sizeof named, "%s of row %d of %s", value->key, number, what);
            json *found = json_get(row, value->key);
            if (value->type == JSON_FLOAT || value->type == JSON_INTEGER) equal_number(v, named, json_use(value), found);
            else equal_json(v, named, value, found);
        }
    }
}

static userops_status fit_warning(verdict *v, userops_log *log, int64_t as_of, json *options, userops_table **table, userops_table **second,
                                  userops_error **error) {
    userops_bytes *model = NULL;
    userops_status status =
        userops_warning_fit(log, as_of, RAW(options), &model, NULL, table, NULL, NULL, NULL, second, error);
    if (!status) check(v, json_get(take_json(v, model), "coefficients") != NULL, "the model has no coefficients");
    return status;
}

/** The list of a model by hand. Whoever is scored is scored alone, too. */
static userops_status list_users(verdict *v, userops_log *log, int64_t as_of, json *options, userops_table **table, userops_table **second,
                                 userops_error **error) {
    json *model = json_use(json_get(options, "model")), *score = json_use(json_get(options, "score")), *list = json_use(json_get(options, "list"));
    userops_table *scored = NULL;
    userops_bytes *features = NULL, *explanation = NULL;
    userops_error *other = NULL;
    if (must(v, userops_warning_score(RAW(model), log, as_of, RAW(score), &scored, &other), &other)) {
        json *first = take_rows(v, scored)->first;
        userops_status status = userops_warning_read_user(RAW(model), log, as_of, 0, &features, &other);
        json *known = must(v, status, &other) ? take_json(v, features) : NULL;
        if (known && first && must(v, userops_warning_explain(RAW(model), RAW(known), &explanation, &other), &other))
            equal_number(v, "the probability of the first user", json_get(first, "probability"), json_get(take_json(v, explanation), "value"));
    }
    return userops_warning_watch_list(RAW(model), log, as_of, RAW(list), RAW(score), table, second, error);
}

void judge_table(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *events = json_use(json_get(body, "events")), *options = json_use(json_get(body, "options"));
    json *schema = json_use(json_get(body, "schema")), *attributes = json_use(json_get(body, "attributes"));
    const char *answer = json_text(body, "answer"), *as_of_text = json_text(body, "as_of");
    int64_t as_of = micros_of(as_of_text);
    userops_log *log = NULL;
    userops_table *table = NULL, *second = NULL;
    userops_error *error = NULL;
    if (!must(v, read_events(schema, events, events->count, attributes, &log, NULL, &error), &error)) return;
    userops_status status;
    if (!answer) die("%s states no answer", v->name);
    if (!strcmp(answer, "transitions")) status = userops_log_transitions(log, as_of, RAW(options), &table, &error);
    else if (!strcmp(answer, "path_tree")) status = userops_log_path_tree(log, as_of, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "series")) status = userops_log_series(log, as_of, RAW(options), &table, &error);
    else if (!strcmp(answer, "portrait_series")) status = userops_log_portrait_series(log, as_of, RAW(options), &table, &error);
    else if (!strcmp(answer, "drivers")) status = userops_log_drivers(log, as_of, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "attribution")) status = userops_log_attribution(log, as_of, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "churn_standard")) status = userops_log_churn_standard(log, as_of, RAW(options), &table, &second, NULL, &error);
    else if (!strcmp(answer, "purchases")) status = userops_log_purchases(log, as_of, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "churn_thresholds")) {
        userops_table *curve = NULL;
        status = userops_log_churn_standard(log, as_of, RAW(options), &curve, NULL, &table, &error);
        userops_table_free(curve);
    } else if (!strcmp(answer, "features")) status = userops_warning_features(log, as_of, RAW(options), &table, &error);
    else if (!strcmp(answer, "fit")) status = fit_warning(v, log, as_of, options, &table, &second, &error);
    else if (!strcmp(answer, "watch_list")) status = list_users(v, log, as_of, options, &table, &second, &error);
    else die("%s is no answer", answer);
    if (succeeded(v, expect, status, &error)) {
        judge_rows(v, "the answer", json_get(expect, "rows"), take_rows(v, table));
        if (second) judge_rows(v, "the second table", json_get(expect, "second"), take_rows(v, second));
    }
    userops_log_free(log);
}

void judge_survival(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *options = json_use(json_get(body, "options")), *columns = json_use(json_get(body, "columns"));
    const char *answer = json_text(body, "answer");
    userops_table *lives = NULL, *table = NULL, *second = NULL;
    userops_error *error = NULL;
    if (!must(v, table_of_numbers(columns, &lives, &error), &error)) return;
    userops_status status;
    if (!answer) die("%s states no answer", v->name);
    if (!strcmp(answer, "curve")) status = userops_survival_estimate(lives, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "log_rank")) status = userops_survival_compare(lives, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "cox")) status = userops_survival_fit_cox(lives, RAW(options), &table, &second, &error);
    else die("%s is no answer", answer);
    if (succeeded(v, expect, status, &error)) {
        judge_rows(v, "the answer", json_get(expect, "rows"), take_rows(v, table));
        judge_rows(v, "the second table", json_get(expect, "second"), take_rows(v, second));
    }
    userops_table_free(lives);
}

void judge_btyd(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *options = json_use(json_get(body, "options")), *columns = json_use(json_get(body, "columns"));
    json *model = json_use(json_get(body, "model")), *horizons = json_use(json_get(body, "horizons"));
    const char *answer = json_text(body, "answer");
    userops_table *customers = NULL, *table = NULL, *second = NULL;
    userops_bytes *fitted = NULL;
    userops_error *error = NULL;
    if (columns && !must(v, table_of_numbers(columns, &customers, &error), &error)) return;
    userops_status status;
    if (!answer) die("%s states no answer", v->name);
    if (!strcmp(answer, "fit")) status = userops_btyd_fit(customers, RAW(options), &fitted, NULL, &table, &second, NULL, NULL, &error);
    else if (!strcmp(answer, "score")) status = userops_btyd_score(RAW(model), customers, RAW(options), &table, &error);
    else if (!strcmp(answer, "project")) status = userops_btyd_project_new_customer(RAW(model), RAW(horizons), &table, &error);
    else if (!strcmp(answer, "next_purchase")) status = userops_btyd_predict_next_purchase(RAW(model), customers, RAW(options), &table, &error);
    else if (!strcmp(answer, "review")) status = userops_btyd_review_next_purchase(RAW(model), customers, RAW(options), &table, &second, &error);
    else if (!strcmp(answer, "simulate")) status = userops_btyd_simulate(RAW(model), customers, RAW(options), &table, &error);
    else die("%s is no answer", answer);
    if (succeeded(v, expect, status, &error)) {
        judge_rows(v, "the answer", json_get(expect, "rows"), take_rows(v, table));
        if (second) judge_rows(v, "the second table", json_get(expect, "second"), take_rows(v, second));
    }
    userops_bytes_free(fitted);
    userops_table_free(customers);
}

void judge_lifetime_value(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *options = json_use(json_get(body, "options")), *columns = json_use(json_get(body, "columns"));
    json *model = json_use(json_get(body, "model")), *purchases = json_use(json_get(body, "purchases")), *spend = json_use(json_get(body, "spend"));
    json *groups = json_use(json_get(body, "groups")), *values = json_use(json_get(body, "values"));
    json *customer_ratios = json_use(json_get(body, "customer_ratios"));
    const char *answer = json_text(body, "answer");
    userops_table *customers = NULL, *table = NULL, *second = NULL;
    userops_bytes *made = NULL;
    userops_error *error = NULL;
    if (columns && !must(v, table_of_numbers(columns, &customers, &error), &error)) return;
    userops_status status;
    if (!answer) die("%s states no answer", v->name);
    if (!strcmp(answer, "score")) status = userops_lifetime_value_score(RAW(model), customers, &table, &error);
    else if (!strcmp(answer, "win_back")) status = userops_lifetime_value_rank_win_back(RAW(model), customers, RAW(options), &table, &error);
    else if (!strcmp(answer, "share_of_top")) status = userops_share_of_top(RAW(values), RAW(customer_ratios), &table, &error);
    else if (!strcmp(answer, "forecast"))
        status = userops_lifetime_value_forecast(customers, RAW(purchases), RAW(spend), RAW(options), RAW(groups), &table, NULL, &second, &made, &error);
    else die("%s is no answer", answer);
    if (succeeded(v, expect, status, &error)) {
        judge_rows(v, "the answer", json_get(expect, "rows"), take_rows(v, table));
        if (second) judge_rows(v, "the second table", json_get(expect, "second"), take_rows(v, second));
    }
    userops_bytes_free(made);
    userops_table_free(customers);
}

void judge_ranking(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *options = json_use(json_get(body, "options")), *columns = json_use(json_get(body, "columns"));
    const char *answer = json_text(body, "answer");
    userops_table *given = NULL, *table = NULL, *second = NULL;
    userops_bytes *fitted = NULL;
    userops_error *error = NULL;
    if (!must(v, table_of_numbers(columns, &given, &error), &error)) return;
    userops_status status;
    if (!answer) die("%s states no answer", v->name);
    if (!strcmp(answer, "logistic")) {
        status = userops_logistic_fit(given, RAW(options), &fitted, &table, NULL, &error);
        json *fit = status ? NULL : take_json(v, fitted);
        if (fit) status = userops_logistic_score(RAW(fit), given, &second, &error);
    } else if (!strcmp(answer, "top")) status = userops_ranking_evaluate(given, RAW(options), &table, &second, NULL, &error);
    else if (!strcmp(answer, "bins")) status = userops_ranking_evaluate(given, RAW(options), &table, NULL, &second, &error);
    else die("%s is no answer", answer);
    if (succeeded(v, expect, status, &error)) {
        judge_rows(v, "the answer", json_get(expect, "rows"), take_rows(v, table));
        judge_rows(v, "the second table", json_get(expect, "second"), take_rows(v, second));
    }
    userops_table_free(given);
}
