/**
 * userops for C: user operations over an event log. Generated from the Rust sources; `cargo xtask header` writes it anew.
 *
 * The contract, of which README.md beside this file's folder says more:
 *
 * - Every function that can fail returns a userops_status. On success all outputs are written; on failure none is, but where
 *   `out_error` is not NULL it receives an error object, which the caller frees. `out_error` may always be NULL.
 * - Receiver first, then inputs, then outputs. No pointer may be NULL where the function does not say so; NULL is refused as
 *   NULL_ARGUMENT. A text or array is a pointer and a length in bytes or items; texts are UTF-8 and need no NUL byte at the end.
 *   They belong to the caller and are not kept after the call. An empty text is any pointer that is not NULL, and 0.
 * - Handles belong to the caller, who frees each once with the function of its type. A handle is no address: a foreign one, one
 *   of another type and one that was freed are refused as INVALID_HANDLE. `_free` ignores them, and NULL.
 * - A userops_reader is a builder: one thread at a time works with it. All other handles are frozen: any number of threads may
 *   use one at the same time, and freeing one while another thread uses it is no fault.
 * - Instants are microseconds since 1970-01-01T00:00:00Z. Users are numbers from 0 in the order of a log's directory; see
 *   userops_log_find_user(). Definitions, options and single answers are JSON, as docs/ describes; tables are Arrow streams.
 * - No panic leaves the library: it is caught, and becomes PANIC.
 */


#ifndef USEROPS_H
#define USEROPS_H

#include <stddef.h>
#include <stdint.h>

/* The Arrow C data and stream interfaces, as https://arrow.apache.org/docs/format/CDataInterface.html defines them. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif /* ARROW_C_STREAM_INTERFACE */


/**
 * The version of this ABI that a program was compiled against: compare it with what userops_abi_version() returns.
 */
#define USEROPS_ABI_VERSION 1

/**
 * What a call came to. A number never changes its meaning; later versions may add numbers, so treat one that you do not
 * know as a failure like any other.
 *
 * 1 to 99 are the kinds of errors that the library has in every language; from 100 on they are about the call itself.
 */
enum userops_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call succeeded, and all outputs are written.
     */
    USEROPS_STATUS_OK = 0,
    /**
     * An option or argument has a value that no computation can use.
     */
    USEROPS_STATUS_INVALID_ARGUMENT = 1,
    /**
     * A text or number is not an instant, date, time zone or duration, or lies outside the supported range.
     */
    USEROPS_STATUS_INVALID_TIME = 2,
    /**
     * A text or number is not an amount of the expected currency, or a currency is unknown.
     */
    USEROPS_STATUS_INVALID_MONEY = 3,
    /**
     * A value or column has another type than the schema or the operation asks for.
     */
    USEROPS_STATUS_TYPE_MISMATCH = 4,
    /**
     * A column that the mapping names is not in the input.
     */
    USEROPS_STATUS_MISSING_COLUMN = 5,
    /**
     * An event, property, attribute, user or measure is asked for by a name that does not exist.
     */
    USEROPS_STATUS_UNKNOWN_NAME = 6,
    /**
     * The definition of a schema, model or scheme contradicts itself, or is no JSON of the expected form.
     */
    USEROPS_STATUS_INVALID_DEFINITION = 7,
    /**
     * A stated limit (rows, users, names, text length, rejections, totals) would be exceeded.
     */
    USEROPS_STATUS_LIMIT_EXCEEDED = 8,
    /**
     * There is nothing to compute from, where an answer needs at least one user or event.
     */
    USEROPS_STATUS_EMPTY = 9,
    /**
     * The bytes of a file or stream are not what its format asks for.
     */
    USEROPS_STATUS_INVALID_FORMAT = 10,
    /**
     * The operating system refused to read or write.
     */
    USEROPS_STATUS_IO = 11,
    /**
     * The host asked to stop, through a progress callback.
     */
    USEROPS_STATUS_CANCELLED = 12,
    /**
     * A pointer that has to be given is NULL.
     */
    USEROPS_STATUS_NULL_ARGUMENT = 100,
    /**
     * A handle is none of this library, is of another type, or was freed.
     */
    USEROPS_STATUS_INVALID_HANDLE = 101,
    /**
     * A builder has done its work, or a panic came in the middle of it: it can only be freed.
     */
    USEROPS_STATUS_USED_UP = 102,
    /**
     * A text is not valid UTF-8.
     */
    USEROPS_STATUS_INVALID_UTF8 = 103,
    /**
     * The library has a defect: a panic inside it was caught. Frozen handles stay as they were.
     */
    USEROPS_STATUS_PANIC = 104,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum userops_status userops_status;
#else
typedef int32_t userops_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Bytes of the library: a text as UTF-8, JSON, a file's contents, or a segment's bitmap.
 */
typedef struct userops_bytes userops_bytes;

/**
 * Why a call did not succeed: a status, and a message that names the bad value, the place, the limit and the way out.
 */
typedef struct userops_error userops_error;

/**
 * Who has come how far on the way from registered to the first, second and further orders. Frozen.
 */
typedef struct userops_ladder userops_ladder;

/**
 * A playbook that is answered event by event, in memory or kept in a folder. Calls on one are worked off one after the other.
 */
typedef struct userops_live userops_live;

/**
 * An event log: frozen, in columns, sorted by user, time and arrival. Users are numbered from 0 in the order of their ids.
 */
typedef struct userops_log userops_log;

/**
 * A model: fitted on a population, written and read as JSON, and a pure function of one user. Frozen. There are four kinds,
 * whose names are the keys of their JSON:
 *
 * - `rfm`: scores of recency, frequency and monetary value. It is fitted on these three columns of a table. A user is
 *   {"recency": 3, "frequency": 2, "monetary": 1250}, the answer {"recency": 5, "frequency": 4, "monetary": 4}; in tables the
 *   columns `recency_score`, `frequency_score` and `monetary_score`.
 * - `value_groups`: the eight groups, from the same columns and users. The answer is {"name": …, "chinese_name": …}; in tables
 *   `value_group` and `value_group_zh`.
 * - `contribution`: core, middle, outer, none and junk users. Every column is a dimension of the rules, but for `user`, which is
 *   left alone, and `active_periods` and `cost`, which the table may have. A user is {"values": [10, 2], "active_periods": 3}, the answer {"score": 0.5, "tier":
 *   "middle", "chinese_name": …}; in tables `score`, `tier` and `tier_zh`.
 * - `cells`: names of RFM scores, which nothing is fitted for. A user is what an `rfm` model answers, the answer a string; in
 *   tables, from the columns of an `rfm` model, `segment`.
 */
typedef struct userops_model userops_model;

/**
 * Everything that a playbook says of the users of a log, as of an instant. Frozen.
 */
typedef struct userops_outcome userops_outcome;

/**
 * A playbook: tags, segments, lifecycle, milestones and scores in one document, checked. Frozen.
 */
typedef struct userops_playbook userops_playbook;

/**
 * A portrait of an audience: for each value of each dimension its share in the audience and in all. Frozen.
 */
typedef struct userops_portrait userops_portrait;

/**
 * The profiles of all users of a log, as of an instant. Frozen.
 */
typedef struct userops_profiles userops_profiles;

/**
 * Reads files, bytes, Arrow streams and tables into one log. A builder: it collects sources, and is used up by reading.
 */
typedef struct userops_reader userops_reader;

/**
 * What became of each row: read = accepted + duplicate + rejected. Frozen.
 */
typedef struct userops_report userops_report;

/**
 * A set of users of one log, out of all of them. Frozen, and meaningful only beside its log.
 */
typedef struct userops_segment userops_segment;

/**
 * A table: named columns of equal length, in which any value may be unknown. Frozen.
 */
typedef struct userops_table userops_table;

/**
 * One event. A struct of zeros, with a user, a time and a name, is one without amount, id and properties.
 */
typedef struct {
    /**
     * The user's id as text; NULL where the id is the integer below.
     */
    const char *user;
    /**
     * Bytes of the text.
     */
    size_t user_len;
    /**
     * The user's id as an integer, where `user` is NULL.
     */
    int64_t user_integer;
    /**
     * When, in microseconds since 1970-01-01T00:00:00Z.
     */
    int64_t time_micros;
    /**
     * What, never NULL.
     */
    const char *name;
    /**
     * Bytes of the name.
     */
    size_t name_len;
    /**
     * Whether an amount is known: 0 or 1.
     */
    uint8_t has_amount;
    /**
     * The amount in minor units, where it is known.
     */
    int64_t amount_minor;
    /**
     * The event's own id, by which copies are told; NULL where it has none.
     */
    const char *id;
    /**
     * Bytes of the id.
     */
    size_t id_len;
    /**
     * The properties as a JSON object, such as {"channel": "web", "items": 3}; NULL where there is none.
     */
    const char *properties;
    /**
     * Bytes of the properties.
     */
    size_t properties_len;
} userops_event;

/**
 * How far a read has come. No number ever goes down.
 */
typedef struct {
    /**
     * Bytes that were read of all files and bytes in memory, as they are stored; Arrow streams count for none.
     */
    uint64_t bytes_read;
    /**
     * Bytes there are.
     */
    uint64_t bytes_total;
    /**
     * Rows that were read.
     */
    uint64_t rows_read;
    /**
     * The name of the source that is being read: UTF-8 of `source_len` bytes, without a NUL byte behind them.
     */
    const char *source;
    /**
     * Bytes of the name.
     */
    size_t source_len;
} userops_progress;

/**
 * Is told how far a read has come, on the thread that called userops_reader_read(): 0 goes on, anything else stops the read,
 * which then fails with CANCELLED. What `progress` points to lives until the function returns. It must not unwind.
 */
typedef int32_t (*userops_progress_function)(void *context,
                                             const userops_progress *progress);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Active users from the events up to `as_of_micros`: a row per local day with the users who were active on any of the last
 * days, for each window. `options` is a JSON object with `activity` (a pattern of events) and `windows_days` (1, 7 and 28 unless
 * given), and may be NULL.
 */
userops_status userops_log_active_users(const userops_log *log,
                                        int64_t as_of_micros,
                                        const char *options,
                                        size_t options_len,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * Stickiness from the events up to `as_of_micros`: a row per week or month and number of days, with the users who were active on
 * exactly, and on at least, so many of its days. `options` is a JSON object: {"period": "month"} and, where wanted, `activity`.
 */
userops_status userops_log_stickiness(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *options,
                                      size_t options_len,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * On how many of the last local days each user was active, from the events up to `as_of_micros`: a row per user. `options` is a
 * JSON object with `activity`, `days` (28 unless given) and `include_today`, and may be NULL. `out_curve`, the power-user curve
 * with a row per number of days, may be NULL.
 */
userops_status userops_log_active_days(const userops_log *log,
                                       int64_t as_of_micros,
                                       const char *options,
                                       size_t options_len,
                                       userops_table **out_table,
                                       userops_table **out_curve,
                                       userops_error **out_error);

/**
 * Growth accounting from the events up to `as_of_micros`: a row per period with new, returning, resurrecting and dormant
 * users. `options` is a JSON object: {"period": "month"} and, where wanted, `activity` and `new_user`.
 */
userops_status userops_log_growth(const userops_log *log,
                                  int64_t as_of_micros,
                                  const char *options,
                                  size_t options_len,
                                  userops_table **out_table,
                                  userops_error **out_error);

/**
 * The last instants of the periods of a zone that end between two instants, both included, ascending: the last of them, as
 * many as `capacity`, are written to `out_instants_micros`, and how many that were to `out_count`. `period` is JSON, such as
 * "month".
 */
userops_status userops_period_ends(const char *period,
                                   size_t period_len,
                                   const char *zone,
                                   size_t zone_len,
                                   int64_t first_micros,
                                   int64_t last_micros,
                                   size_t capacity,
                                   int64_t *out_instants_micros,
                                   size_t *out_count,
                                   userops_error **out_error);

/**
 * Wilson's 95 % interval of the share `count` of `of_count`, as JSON: {"low": 0.2, "high": 0.4}; null where it is of nobody.
 */
userops_status userops_wilson_interval(uint64_t count,
                                       uint64_t of_count,
                                       userops_bytes **out_json,
                                       userops_error **out_error);

/**
 * Shares conversions out over channels by one model or several, from the events up to `as_of_micros`: a row per model and
 * channel in `out_table`, and in `out_summary` one row of how many conversions and journeys there are. `options` is a JSON
 * object: {"conversion": {"events": ["pay"]}, "touches": {"property": {"property": "channel"}}} and, where wanted, `models`,
 * `window`, `lookback`, `touches_reused`, `direct_channels` and `cost_minor`. `out_summary` may be NULL.
 */
userops_status userops_log_attribution(const userops_log *log,
                                       int64_t as_of_micros,
                                       const char *options,
                                       size_t options_len,
                                       userops_table **out_table,
                                       userops_table **out_summary,
                                       userops_error **out_error);

/**
 * The purchases of every customer up to `as_of_micros`, as userops_btyd_fit() reads them: a row per customer in `out_table`, with
 * `user`, `first_day`, `x` (local days with a purchase after the first), `t_x` and `T` (from the first purchase to the last, and to
 * the end), `spend` (all of it, in major units), `mean_spend` (of a repeat day), and where days are held out `holdout_x`,
 * `holdout_spend` and `holdout_next` (the time to the next purchase); in `out_summary` one row of counts. Negative amounts are refunds: they are money that comes back, and no purchases. `options` is a JSON object with,
 * where wanted, `purchases` ({"events": […], "where": …}), `unit_days` (7 for weeks, by default 1) and `calibration_last_day` (the
 * last day that models may see), and may be NULL. `out_summary` may be NULL.
 */
userops_status userops_log_purchases(const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *options,
                                     size_t options_len,
                                     userops_table **out_table,
                                     userops_table **out_summary,
                                     userops_error **out_error);

/**
 * Fits a model of buying till you die to the rows of a table, each a customer, or as many as a column `count` says. `options` is a
 * JSON object with `model` and, where wanted, `ridge`, `iterations_max` and `time_unit`. The model is "bg_nbd", "mbg_nbd" or
 * "pareto_nbd", which read the columns `x`, `t_x` and `T`; "bg_bb": `x`, `t_x`, `n`; "gamma_gamma": `x`, `mean_spend`; or
 * "shifted_beta_geometric": `duration`, `event`. `out_model` is the model as JSON, such as {"model": "bg_nbd", "r": 0.24, "alpha":
 * 4.4, "a": 0.79, "b": 2.4}: all that a score needs; `out_fit` is the whole fit as JSON, as userops_lifetime_value_forecast() reads it. In `out_table` there is a row per parameter with its value and standard errors,
 * in `out_summary` one row (`log_likelihood`, `customer_count`, `converged`, `condition`, `weak`, …), in `out_covariance` a row per
 * pair of parameters, in `out_notes` a row for each thing that is weak about the fit, of which `weak` says whether there is one.
 * `out_fit`, `out_table`, `out_summary`, `out_covariance` and `out_notes` may be NULL. Fails with INVALID_ARGUMENT where a row cannot be, and
 * where nobody bought again.
 */
userops_status userops_btyd_fit(const userops_table *customers,
                                const char *options,
                                size_t options_len,
                                userops_bytes **out_model,
                                userops_bytes **out_fit,
                                userops_table **out_table,
                                userops_table **out_summary,
                                userops_table **out_covariance,
                                userops_table **out_notes,
                                userops_error **out_error);

/**
 * What a model of userops_btyd_fit() expects of the rows of a table, whose columns are those that it was fitted on (of contracts
 * only `duration`): a row for each in `out_table`. `alive_probability`, and with a horizon `expected_purchases` and
 * `no_purchase_probability`, of the models of purchases; `expected_spend` of "gamma_gamma"; `survival_ratio` and `retention_ratio`
 * of "shifted_beta_geometric". With a discount there are `discounted_purchases` of "pareto_nbd" and `discounted_lifetime` of
 * contracts. "bg_nbd" takes whoever has bought once to be there for certain: look at the probability of no purchase, or take
 * another model. `btyd_model` is JSON, from a fit or by hand; `options` is a JSON object with, where wanted, `horizon` and
 * `discount_rate`, and may be NULL.
 */
userops_status userops_btyd_score(const char *btyd_model,
                                  size_t btyd_model_len,
                                  const userops_table *customers,
                                  const char *options,
                                  size_t options_len,
                                  userops_table **out_table,
                                  userops_error **out_error);

/**
 * What a new customer will do within each of some horizons, a JSON array of numbers: a row for each in `out_table`, with `horizon`
 * and `expected_purchases`, or `survival_ratio` of contracts. `btyd_model` as in userops_btyd_score().
 */
userops_status userops_btyd_project_new_customer(const char *btyd_model,
                                                 size_t btyd_model_len,
                                                 const char *horizons,
                                                 size_t horizons_len,
                                                 userops_table **out_table,
                                                 userops_error **out_error);

/**
 * Draws a customer from a model for each row of a table, of which only the time observed is read: `T`, `n` of "bg_bb", `duration`,
 * the most periods, of "shifted_beta_geometric", or `x` of "gamma_gamma". `out_table` has the columns that userops_btyd_fit() reads,
 * and of purchases `alive` and, with a horizon, `future_x`. `btyd_model` as in userops_btyd_score(); `options` is a JSON object with,
 * where wanted, `seed` and `horizon`, and may be NULL. The same seed gives the same customers.
 */
userops_status userops_btyd_simulate(const char *btyd_model,
                                     size_t btyd_model_len,
                                     const userops_table *customers,
                                     const char *options,
                                     size_t options_len,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * When each customer of a table buys next: a row for each in `out_table`, with `return_probability`, of a purchase within the
 * horizon, and `lower`, `median` and `upper`, times from the end of observation for the case that the purchase is made within it;
 * with `last_day` also `lower_day`, `median_day` and `upper_day`. `btyd_model` is one of purchases, as in userops_btyd_score();
 * `customers` has `x`, `t_x` and `T`; `options` is a JSON object with `horizon` and, where wanted, `confidence` (the probability of
 * the interval, by default 0.8), `last_day` (the last day that the data know) and `unit_days` (7 for weeks, by default 1).
 */
userops_status userops_btyd_predict_next_purchase(const char *btyd_model,
                                                  size_t btyd_model_len,
                                                  const userops_table *customers,
                                                  const char *options,
                                                  size_t options_len,
                                                  userops_table **out_table,
                                                  userops_error **out_error);

/**
 * How well the next purchases were told that were held out. `customers` has `x`, `t_x`, `T` and `holdout_next`, as
 * userops_log_purchases() tells it; the rest is as in userops_btyd_predict_next_purchase(), the horizon being the time held out. In
 * `out_table` there is a row for each tenth of the customers' own distributions with how many bought in it, alike where the model
 * is right; in `out_summary` one row, with how many of the purchases fell into their interval. `out_summary` may be NULL.
 */
userops_status userops_btyd_review_next_purchase(const char *btyd_model,
                                                 size_t btyd_model_len,
                                                 const userops_table *customers,
                                                 const char *options,
                                                 size_t options_len,
                                                 userops_table **out_table,
                                                 userops_table **out_summary,
                                                 userops_error **out_error);

/**
 * The bytes, which live as long as the handle. A NUL byte follows them, so that a text can be used as a C string. NULL for
 * what are no bytes of this library.
 */
const char *userops_bytes_data(const userops_bytes *bytes);

/**
 * How many bytes there are, the NUL byte behind them not counted; 0 for what are no bytes of this library.
 */
size_t userops_bytes_len(const userops_bytes *bytes);

/**
 * Frees bytes. NULL is fine.
 */
void userops_bytes_free(userops_bytes *bytes);

/**
 * Takes from the users of a log, as of an instant, what the playbook takes from a population: the cuts of RFM scores and
 * derived thresholds, as JSON for userops_playbook_evaluate(), in this or any other process, and in any language.
 * `manual_tags` as there, and may be NULL; it matters where a score asks for such a tag.
 */
userops_status userops_calibration_fit(const userops_playbook *playbook,
                                       const userops_log *log,
                                       int64_t as_of_micros,
                                       const char *manual_tags,
                                       size_t manual_tags_len,
                                       userops_bytes **out_calibration,
                                       userops_error **out_error);

/**
 * The calibration of a playbook that takes nothing from a population, as JSON. Fails with INVALID_DEFINITION where a
 * definition is fitted, and names each.
 */
userops_status userops_calibration_own(const userops_playbook *playbook,
                                       userops_bytes **out_calibration,
                                       userops_error **out_error);

/**
 * What an outcome rests on, as JSON: fitted on its own users, or the calibration that it was given.
 */
userops_status userops_calibration_of_outcome(const userops_outcome *outcome,
                                              userops_bytes **out_calibration,
                                              userops_error **out_error);

/**
 * Whether a calibration is of this playbook. Fails with INVALID_ARGUMENT where it is of another one, by its fingerprint, and
 * with INVALID_DEFINITION or TYPE_MISMATCH where its parts are not those of the playbook.
 */
userops_status userops_calibration_check(const userops_playbook *playbook,
                                         const char *calibration,
                                         size_t calibration_len,
                                         userops_error **out_error);

/**
 * After how much silence a user is lost, from the gaps between active days up to `as_of_micros`: in `out_table` a row per number
 * of silent days with how likely a return is after them; in `out_summary` one row with the threshold, counts, quantiles of gaps
 * and weaknesses; in `out_thresholds` a row per threshold, the one that was picked first, then those of other rules and shifted
 * ones, with the users that each loses. `options` is a JSON object with, where wanted, `activity`, `rule` ({"knee": {"curve":
 * "episode"}}, {"percentile": {"ratio": 0.9}}, {"return_ratio": {"curve": "user", "at_most": 0.1}} or "least_error"), `step_days`,
 * `days_max`, `horizon_days`, `shift_days` and `gaps_min`, and may be NULL; `out_summary` and `out_thresholds` may be NULL. Fails with
 * EMPTY where nobody came back, and where the rule finds no threshold.
 */
userops_status userops_log_churn_standard(const userops_log *log,
                                          int64_t as_of_micros,
                                          const char *options,
                                          size_t options_len,
                                          userops_table **out_table,
                                          userops_table **out_summary,
                                          userops_table **out_thresholds,
                                          userops_error **out_error);

/**
 * Candidates (events done so often in so many days, values of properties and attributes) beside a target, ranked, from the
 * events up to `as_of_micros`: a row per candidate in `out_table`, and in `out_summary` one row of how many users count and are
 * left out. `options` is a JSON object: {"target": {"events": ["pay"]}} and, where wanted, `target_count_min`, `target_absent`,
 * `newcomers_only`, `start`, `observation`, `within`, `events`, `counts`, `days`, `properties`, `attributes`, `values_max` and
 * `rank_by`. `out_summary` may be NULL.
 */
userops_status userops_log_drivers(const userops_log *log,
                                   int64_t as_of_micros,
                                   const char *options,
                                   size_t options_len,
                                   userops_table **out_table,
                                   userops_table **out_summary,
                                   userops_error **out_error);

/**
 * The status that came with the error; USEROPS_STATUS_INVALID_HANDLE for what is no error.
 */
userops_status userops_error_status(const userops_error *error);

/**
 * The stable name of the error's status, such as "unknown_name", as every language of the library spells it. It lives as
 * long as the library. NULL for what is no error.
 */
const char *userops_error_kind(const userops_error *error);

/**
 * What went wrong, as UTF-8 that ends with a NUL byte. It lives as long as the error. NULL for what is no error.
 */
const char *userops_error_message(const userops_error *error);

/**
 * Frees an error. NULL is fine.
 */
void userops_error_free(userops_error *error);

/**
 * The version of the library, such as "0.1.0". It lives as long as the library.
 */
const char *userops_version(void);

/**
 * The version of the ABI that the loaded library has. It goes up when a function of this header changes or goes, not when
 * one is added.
 */
uint32_t userops_abi_version(void);

/**
 * How many handles there are that were not freed yet, errors among them: 0 at the end of a program that leaks none.
 */
size_t userops_handle_count(void);

/**
 * A log of events one by one, in the order of their arrival. `schema` as in userops_reader_new(), and may be NULL. Events
 * that cannot be taken in are rejections in the report, but a text that is no UTF-8 or properties that are no JSON fail the
 * call. `out_report` may be NULL.
 */
userops_status userops_log_from_events(const char *schema,
                                       size_t schema_len,
                                       const userops_event *events,
                                       size_t events_len,
                                       userops_log **out_log,
                                       userops_report **out_report,
                                       userops_error **out_error);

/**
 * An explanation, as the library hands it out in JSON, as text: a line per part, parts indented by two spaces.
 */
userops_status userops_explanation_render(const char *explanation,
                                          size_t explanation_len,
                                          userops_bytes **out_text,
                                          userops_error **out_error);

/**
 * How many users come how far through a funnel: a row per step with counts, ratios and their intervals, with and without the
 * entries that are pending. `funnel` is a JSON object with `steps` (names of events, or objects with `events`, `where`,
 * `gap_min`, `gap_max`, `optional`, `times`), and where wanted `window`, `window_from`, `order`, `ties`, `event_use`, `noise`,
 * `noise_kind`, `repetition`, `exclusions`, `held`, `scope` and `entry`.
 */
userops_status userops_funnel_measure(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *funnel,
                                      size_t funnel_len,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * How far each user comes through a funnel: the columns `user` and `level`, 0 for who did not enter. `funnel` as in
 * userops_funnel_measure().
 */
userops_status userops_funnel_levels(const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *funnel,
                                     size_t funnel_len,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * The entries of one user, as a JSON array of objects with `level`, `status`, `reason`, `start`, `end` and `events`. `funnel` as
 * in userops_funnel_measure().
 */
userops_status userops_funnel_trace(const userops_log *log,
                                    uint32_t user,
                                    int64_t as_of_micros,
                                    const char *funnel,
                                    size_t funnel_len,
                                    userops_bytes **out_json,
                                    userops_error **out_error);

/**
 * The same as userops_funnel_measure() by the calendar period in which entries began: a row per period and step. `period` is
 * JSON, such as "month".
 */
userops_status userops_funnel_trend(const userops_log *log,
                                    int64_t as_of_micros,
                                    const char *funnel,
                                    size_t funnel_len,
                                    const char *period,
                                    size_t period_len,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * The same as userops_funnel_measure() by value: a row per value and step. `breakdown` is a JSON object: {"attribute": name},
 * {"first": property}, {"last": property}, {"step": {"property": name, "step": number}} or {"each_step": property}.
 */
userops_status userops_funnel_break_down(const userops_log *log,
                                         int64_t as_of_micros,
                                         const char *funnel,
                                         size_t funnel_len,
                                         const char *breakdown,
                                         size_t breakdown_len,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * How two segments come through a funnel: a row per step with both counts and ratios, their difference, its interval, and a
 * p-value with the name of its test. The segments have no user in common.
 */
userops_status userops_funnel_compare(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *funnel,
                                      size_t funnel_len,
                                      const userops_segment *first,
                                      const userops_segment *second,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * How long conversion takes: a row for the whole, whose `step` is null, and for each step but the first, with count and
 * quantiles in seconds.
 */
userops_status userops_funnel_times(const userops_log *log,
                                    int64_t as_of_micros,
                                    const char *funnel,
                                    size_t funnel_len,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * How many entries took how long from start to conversion, in bins of one length: `from_seconds`, `until_seconds`, `count`.
 * `bin` is a span such as 1h.
 */
userops_status userops_funnel_histogram(const userops_log *log,
                                        int64_t as_of_micros,
                                        const char *funnel,
                                        size_t funnel_len,
                                        const char *bin,
                                        size_t bin_len,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * The share that has converted by each time since the start, where pending entries count for as long as they have been open
 * (Kaplan-Meier): `seconds`, `at_risk_count`, `converted_count`, `ratio`, `ratio_low`, `ratio_high`.
 */
userops_status userops_funnel_curve(const userops_log *log,
                                    int64_t as_of_micros,
                                    const char *funnel,
                                    size_t funnel_len,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * A funnel that means what that of another tool means, as JSON. `preset` is clickhouse, clickhouse_strict_order,
 * clickhouse_strict_deduplication, clickhouse_strict_increase, clickhouse_strict_once, clickhouse_allow_reentry,
 * posthog_ordered, posthog_strict or posthog_unordered; `steps` a JSON array of steps; `window` a span such as 7d.
 */
userops_status userops_funnel_preset(const char *preset,
                                     size_t preset_len,
                                     const char *steps,
                                     size_t steps_len,
                                     const char *window,
                                     size_t window_len,
                                     userops_bytes **out_json,
                                     userops_error **out_error);

/**
 * The report as JSON: the counts `read`, `accepted`, `duplicate`, `conflicting`, `rejected`, `late`, `attributes_read`,
 * `attributes_rejected`, the `columns` in use, and every one of the `rejections` with `source`, `row`, `field`, `reason`,
 * `text` and `record`.
 */
userops_status userops_report_to_json(const userops_report *report,
                                      userops_bytes **out_json,
                                      userops_error **out_error);

/**
 * The report in words, for people.
 */
userops_status userops_report_to_text(const userops_report *report,
                                      userops_bytes **out_text,
                                      userops_error **out_error);

/**
 * The rejected rows as a table, with their reasons, which can be written out, mended and read again.
 */
userops_status userops_report_rejections(const userops_report *report,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * Frees a report. NULL is fine.
 */
void userops_report_free(userops_report *report);

/**
 * Builds the ladder from the events up to `as_of_micros`. `options` is a JSON object: {"orders": ["order_paid"]} and, where
 * wanted, `unit` and `rungs_max`.
 */
userops_status userops_ladder_build(const userops_log *log,
                                    int64_t as_of_micros,
                                    const char *options,
                                    size_t options_len,
                                    userops_ladder **out_ladder,
                                    userops_error **out_error);

/**
 * The rungs from registered on, as a JSON array: how many reached and stand on each, conversion, share, and the days that
 * the step took.
 */
userops_status userops_ladder_rungs(const userops_ladder *ladder,
                                    userops_bytes **out_json,
                                    userops_error **out_error);

/**
 * A row per rung.
 */
userops_status userops_ladder_to_table(const userops_ladder *ladder,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * The ladder in words, for people.
 */
userops_status userops_ladder_to_text(const userops_ladder *ladder,
                                      userops_bytes **out_text,
                                      userops_error **out_error);

/**
 * The rung of each user of the log that the ladder was built from: a table with the columns `user` and `rung`, unknown for
 * users who are not there yet.
 */
userops_status userops_ladder_users(const userops_ladder *ladder,
                                    const userops_log *log,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * How far one user has come, as JSON: `climb` with the steps, `rung` (null where the user is not there yet), and the
 * `explanation`. `options` as in userops_ladder_build().
 */
userops_status userops_ladder_climb(const userops_log *log,
                                    uint32_t user,
                                    int64_t as_of_micros,
                                    const char *options,
                                    size_t options_len,
                                    userops_bytes **out_json,
                                    userops_error **out_error);

/**
 * Frees a ladder. NULL is fine.
 */
void userops_ladder_free(userops_ladder *ladder);

/**
 * Scores all users as leads from the events up to `as_of_micros`: a row per user in `out_table` with points, grades, cell and
 * group. `lead_json` is a JSON object as in a playbook, such as {"fit": {"groups": [{"name": "firm", "rules": [{"name": "large",
 * "points": 60, "when": "user.seats >= 50"}]}]}, "engagement": {"groups": [{"name": "trial", "events": [{"name": "visit",
 * "points": 5, "events": ["visit"], "at_most": 4, "half_life": "14d"}]}]}}. Its rules may ask for the answers of `outcome`,
 * which is of this log and may be NULL. `out_cells`, a row per cell of the matrix, may be NULL. `out_groups`, a row per group of
 * leads, may be NULL. `out_points`, a row per user and a column per rule, may be NULL.
 */
userops_status userops_leads_score(const userops_log *log,
                                   const char *lead_json,
                                   size_t lead_json_len,
                                   int64_t as_of_micros,
                                   const userops_outcome *outcome,
                                   userops_table **out_table,
                                   userops_table **out_cells,
                                   userops_table **out_groups,
                                   userops_table **out_points,
                                   userops_error **out_error);

/**
 * Who is in another cell or group by time alone after `as_of_micros` and not after `until_micros`, if nothing happens before: a
 * row per such user with `user`, `next_change_at`, `cell` and `group`. `lead_json` as in userops_leads_score(); so is
 * `outcome`, which may be NULL.
 */
userops_status userops_leads_changes(const userops_log *log,
                                     const char *lead_json,
                                     size_t lead_json_len,
                                     int64_t as_of_micros,
                                     int64_t until_micros,
                                     const userops_outcome *outcome,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * How many users went from which group of leads into which between two instants: a row per pair that anybody is in, those who
 * stayed included, with `from_group`, `to_group` and `user_count`. `lead_json` as in userops_leads_score().
 * `outcome_before` and `outcome_after` hold the answers that its rules may ask for, and may be NULL.
 */
userops_status userops_leads_moves(const userops_log *log,
                                   const char *lead_json,
                                   size_t lead_json_len,
                                   int64_t before_micros,
                                   const userops_outcome *outcome_before,
                                   int64_t after_micros,
                                   const userops_outcome *outcome_after,
                                   userops_table **out_table,
                                   userops_error **out_error);

/**
 * Why one user has the lead score, what is missing to the next grade, and when time alone moves the user, as an explanation in
 * JSON. `lead_json` as in userops_leads_score(); so is `outcome`, which may be NULL.
 */
userops_status userops_leads_explain(const userops_log *log,
                                     const char *lead_json,
                                     size_t lead_json_len,
                                     int64_t as_of_micros,
                                     const userops_outcome *outcome,
                                     uint32_t user,
                                     userops_bytes **out_explanation,
                                     userops_error **out_error);

/**
 * The seven standard stages with these thresholds, as a definition in JSON. `thresholds` is a JSON object with `activity`,
 * `growth_days`, `maturity_days`, `dormant_days`, `churn_days` and `reactivated_days`, in which everything may be left out, and
 * may be NULL.
 */
userops_status userops_lifecycle_standard(const char *thresholds,
                                          size_t thresholds_len,
                                          userops_bytes **out_definition,
                                          userops_error **out_error);

/**
 * Derives thresholds of silence from the product's own gaps, as JSON with the `thresholds` and what they rest on. `given` as
 * in userops_lifecycle_standard(), and may be NULL; `options` is a JSON object with `dormant_quantile`, `churn_quantile`,
 * `churn_rule` (as in userops_log_churn_standard(), in place of `churn_quantile`) and `gaps_min`, and may be NULL.
 */
userops_status userops_lifecycle_derive(const userops_log *log,
                                        int64_t as_of_micros,
                                        const char *given,
                                        size_t given_len,
                                        const char *options,
                                        size_t options_len,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * The stage of each user as of an instant: a table with the columns `user` and `stage`, unknown for users in none.
 * `definition` is a lifecycle in JSON, as userops_lifecycle_standard() hands one out.
 */
userops_status userops_lifecycle_stages(const userops_log *log,
                                        const char *definition,
                                        size_t definition_len,
                                        int64_t as_of_micros,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * The history of all users until an instant: a row per user and stay in a stage, with its cause.
 */
userops_status userops_lifecycle_histories(const userops_log *log,
                                           const char *definition,
                                           size_t definition_len,
                                           int64_t until_micros,
                                           userops_table **out_table,
                                           userops_error **out_error);

/**
 * How long users stay in each stage, until an instant: a row per stage.
 */
userops_status userops_lifecycle_dwell_times(const userops_log *log,
                                             const char *definition,
                                             size_t definition_len,
                                             int64_t until_micros,
                                             userops_table **out_table,
                                             userops_error **out_error);

/**
 * The history of one user until an instant, as a JSON array of stays, each with its cause.
 */
userops_status userops_lifecycle_history_of(const userops_log *log,
                                            const char *definition,
                                            size_t definition_len,
                                            uint32_t user,
                                            int64_t until_micros,
                                            userops_bytes **out_json,
                                            userops_error **out_error);

/**
 * How many users are in each stage at each of some instants, in microseconds UTC: a row per instant and stage.
 */
userops_status userops_lifecycle_mix(const userops_log *log,
                                     const char *definition,
                                     size_t definition_len,
                                     const int64_t *instants_micros,
                                     size_t instants_len,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * The mix of stages `periods` periods after the last of some instants, which ascend one period apart, from the transitions
 * between them: a row per period and stage. `newcomers` is JSON: "as_observed", "none" or {"per_period": 100.0};
 * `newcomers` may be NULL for "as_observed".
 */
userops_status userops_lifecycle_forecast(const userops_log *log,
                                          const char *definition,
                                          size_t definition_len,
                                          const int64_t *instants_micros,
                                          size_t instants_len,
                                          uint32_t periods,
                                          const char *newcomers,
                                          size_t newcomers_len,
                                          userops_table **out_table,
                                          userops_error **out_error);

/**
 * The forecast of `periods` periods ago beside what came: a row per stage. Instants and `newcomers` as in
 * userops_lifecycle_forecast(); `newcomers` may be NULL.
 */
userops_status userops_lifecycle_back_test(const userops_log *log,
                                           const char *definition,
                                           size_t definition_len,
                                           const int64_t *instants_micros,
                                           size_t instants_len,
                                           uint32_t periods,
                                           const char *newcomers,
                                           size_t newcomers_len,
                                           userops_table **out_table,
                                           userops_error **out_error);

/**
 * Why one user is in the stage as of an instant, and what would change it, as an explanation in JSON. `definition` is a
 * lifecycle in JSON, as userops_lifecycle_standard() hands one out.
 */
userops_status userops_lifecycle_explain(const userops_log *log,
                                         const char *definition,
                                         size_t definition_len,
                                         uint32_t user,
                                         int64_t as_of_micros,
                                         userops_bytes **out_explanation,
                                         userops_error **out_error);

/**
 * The furthest stage on the lifecycle's ladder that each user has been in until an instant: a table with the columns `user` and
 * `stage`. `definition` is a lifecycle in JSON, as userops_lifecycle_standard() hands one out.
 */
userops_status userops_lifecycle_furthest(const userops_log *log,
                                          const char *definition,
                                          size_t definition_len,
                                          int64_t until_micros,
                                          userops_table **out_table,
                                          userops_error **out_error);

/**
 * What each customer of a table will bring: a row for each in `out_table`, with `user` where there is one, `expected_purchases` (but
 * for ever), `discounted_purchases`, `expected_spend`, `predicted_value`, and with a column `spend` also `historic_value` and
 * `total_value`. `customers` has `x`, `t_x`, `T` and `mean_spend`. `value_model` is a JSON object with `purchases` (a model of purchases as in
 * userops_btyd_score()), `spend` (`p`, `q` and `v` of "gamma_gamma") and, where wanted, `options`: `period_count` (how many periods
 * to look ahead, by default 12; null for ever), `period` (units of time of one, by default 1), `discount_rate` (for a period, by
 * default 0), `margin_ratio` (by default 1) and `time_unit`.
 */
userops_status userops_lifetime_value_score(const char *value_model,
                                            size_t value_model_len,
                                            const userops_table *customers,
                                            userops_table **out_table,
                                            userops_error **out_error);

/**
 * Lost customers, ranked by their value times the chance that they return: `row`, `user` where there is one, `silent_for`,
 * `return_probability`, `value_if_back`, and `expected_value`, the product of the two. `value_model` and `customers` as in
 * userops_lifetime_value_score(); `options` is a JSON object with `silent_at_least` (who has been silent so long is lost) and, where
 * wanted, `horizon` (within which a return counts; that of the model by default) and `capacity` (how many to name at most).
 */
userops_status userops_lifetime_value_rank_win_back(const char *value_model,
                                                    size_t value_model_len,
                                                    const userops_table *customers,
                                                    const char *options,
                                                    size_t options_len,
                                                    userops_table **out_table,
                                                    userops_error **out_error);

/**
 * What the customers of a table have brought and will bring, with 95 % intervals, which say how sure the expected value is, given
 * how sure the fits are of their parameters. `purchases_fit` and `spend_fit` are JSON, as `out_fit` of userops_btyd_fit(): of a model
 * of purchases, and of "gamma_gamma". The options are those of userops_lifetime_value_score(); `options` may be NULL. Groups are a JSON
 * object with `by`, a column of the customers, and, where it holds dates, `period` ("day", {"week": {}}, "month"); `groups` may be
 * NULL. `out_table` has a row per customer: what userops_lifetime_value_score() tells, `predicted_standard_error`, `predicted_low`,
 * `predicted_high`; `out_summary` one row, with the formula in words and numbers and the values of all; `out_groups`, where groups
 * are asked for, a row for each; `out_model` the model of userops_lifetime_value_score() as JSON. `out_summary`, `out_groups` and
 * `out_model` may be NULL.
 */
userops_status userops_lifetime_value_forecast(const userops_table *customers,
                                               const char *purchases_fit,
                                               size_t purchases_fit_len,
                                               const char *spend_fit,
                                               size_t spend_fit_len,
                                               const char *options,
                                               size_t options_len,
                                               const char *groups,
                                               size_t groups_len,
                                               userops_table **out_table,
                                               userops_table **out_summary,
                                               userops_table **out_groups,
                                               userops_bytes **out_model,
                                               userops_error **out_error);

/**
 * How much the most valuable customers carry: a row in `out_table` for each share of them, with `customer_ratio`, `customer_count`,
 * `value`, `value_ratio` and `value_min`. `values` is a JSON array with the value of each customer, from 0 on, null where it is
 * unknown; `customer_ratios` one of shares, such as [0.01, 0.1].
 */
userops_status userops_share_of_top(const char *values,
                                    size_t values_len,
                                    const char *customer_ratios,
                                    size_t customer_ratios_len,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * Opens the engine of a folder, or puts a new one into an empty folder. `folder` may be NULL, which makes
 * one in memory. `calibration` is JSON of userops_calibration_fit(), and may be NULL where the playbook takes nothing from a
 * population. `options` is a JSON object, and may be NULL: `lateness` (such as "1d", the default) and `ahead_max`, and of a folder
 * `snapshot_entries`, `journal`, `verify_pages`.
 */
userops_status userops_live_open(const char *folder,
                                 size_t folder_len,
                                 const userops_playbook *playbook,
                                 const char *calibration,
                                 size_t calibration_len,
                                 const char *options,
                                 size_t options_len,
                                 userops_live **out_live,
                                 userops_error **out_error);

/**
 * Takes entries in, a JSON array: {"event": {"user", "time", "name", "amount", "id", "properties"}}, {"advance": instant},
 * {"attributes": {"user", "attributes"}}, {"manual_tag": …}. In a folder all of them are on disk when this returns OK. The result is
 * JSON: of each entry its `fates` (`fate` is "taken", "duplicate" or "refused", with `error` and `message`), and the `changes`
 * in order. An entry that is refused is no failure of the call.
 */
userops_status userops_live_apply(const userops_live *live,
                                  const char *entries,
                                  size_t entries_len,
                                  userops_bytes **out_result,
                                  userops_error **out_error);

/**
 * Moves the clock on: the changes that time alone has made, a JSON array in order. Fails with INVALID_ARGUMENT for an instant
 * before the engine's.
 */
userops_status userops_live_advance_to(const userops_live *live,
                                       int64_t instant_micros,
                                       userops_bytes **out_changes,
                                       userops_error **out_error);

/**
 * What the playbook says of a user, as JSON. `user` is its id as JSON: an integer, or a text in quotes. Fails with UNKNOWN_NAME
 * for a user of whom nothing was heard.
 */
userops_status userops_live_state(const userops_live *live,
                                  const char *user,
                                  size_t user_len,
                                  userops_bytes **out_state,
                                  userops_error **out_error);

/**
 * Why the answers of a user are what they are, as JSON for userops_explanation_render(). `user` as of userops_live_state().
 */
userops_status userops_live_explain(const userops_live *live,
                                    const char *user,
                                    size_t user_len,
                                    userops_bytes **out_explanation,
                                    userops_error **out_error);

/**
 * What will change of a user up to and with an instant, if nothing happens before: a JSON array in order of time. `user` as of
 * userops_live_state().
 */
userops_status userops_live_forecast(const userops_live *live,
                                     const char *user,
                                     size_t user_len,
                                     int64_t until_micros,
                                     userops_bytes **out_changes,
                                     userops_error **out_error);

/**
 * The ids of the users who are in a segment, a JSON array in the order in which they first came.
 */
userops_status userops_live_membership(const userops_live *live,
                                       const char *name,
                                       size_t name_len,
                                       userops_bytes **out_ids,
                                       userops_error **out_error);

/**
 * A row per user in order of their ids, with the columns of userops_outcome_to_table().
 */
userops_status userops_live_table(const userops_live *live,
                                  userops_table **out_table,
                                  userops_error **out_error);

/**
 * Every answer that differs from a batch evaluation over a log, a JSON array: none, where the log holds what the engine was
 * told. `log` may be NULL for an engine in a folder, which has its own.
 */
userops_status userops_live_verify(const userops_live *live,
                                   const userops_log *log,
                                   userops_bytes **out_differences,
                                   userops_error **out_error);

/**
 * Keeps the state of an engine in a folder as it is, so that opening need not work off what came before.
 */
userops_status userops_live_snapshot(const userops_live *live,
                                     userops_error **out_error);

/**
 * The cursor of a subscriber of an engine in a folder, who is new where there is none of the name: the last change that was
 * acknowledged, as the number of its entry and its place among the changes of that.
 */
userops_status userops_live_subscribe(const userops_live *live,
                                      const char *name,
                                      size_t name_len,
                                      uint64_t *out_sequence,
                                      uint32_t *out_index,
                                      userops_error **out_error);

/**
 * The changes after a cursor, at most `limit` of them, a JSON array in order; each has its cursor as `id`. They are handed out until
 * they are acknowledged.
 */
userops_status userops_live_changes_after(const userops_live *live,
                                          uint64_t sequence,
                                          uint32_t index,
                                          size_t limit,
                                          userops_bytes **out_changes,
                                          userops_error **out_error);

/**
 * Moves a subscriber's cursor on: what stands up to it is dealt with.
 */
userops_status userops_live_acknowledge(const userops_live *live,
                                        const char *name,
                                        size_t name_len,
                                        uint64_t sequence,
                                        uint32_t index,
                                        userops_error **out_error);

/**
 * Frees an engine, and lets its folder go. NULL is fine.
 */
void userops_live_free(userops_live *live);

/**
 * A log of the events of one log and then those of another, as if the second had arrived after the first. Both have one
 * schema.
 */
userops_status userops_log_merge(const userops_log *log,
                                 const userops_log *later,
                                 userops_log **out_log,
                                 userops_error **out_error);

/**
 * How many users the log has.
 */
userops_status userops_log_user_count(const userops_log *log,
                                      size_t *out_count,
                                      userops_error **out_error);

/**
 * How many events the log has.
 */
userops_status userops_log_event_count(const userops_log *log,
                                       size_t *out_count,
                                       userops_error **out_error);

/**
 * The schema as JSON: zone, currency, events, properties, attributes and limits.
 */
userops_status userops_log_schema(const userops_log *log,
                                  userops_bytes **out_json,
                                  userops_error **out_error);

/**
 * The names of events that occur, ascending, as a JSON array.
 */
userops_status userops_log_event_names(const userops_log *log,
                                       userops_bytes **out_json,
                                       userops_error **out_error);

/**
 * The instants of the first and the last event, in microseconds UTC. Fails with EMPTY where there is no event.
 */
userops_status userops_log_time_span(const userops_log *log,
                                     int64_t *out_first_micros,
                                     int64_t *out_last_micros,
                                     userops_error **out_error);

/**
 * The sum of all amounts, in minor units.
 */
userops_status userops_log_amount_total(const userops_log *log,
                                        int64_t *out_minor,
                                        userops_error **out_error);

/**
 * The number of a user whose id is written like this; an integer id is found by its digits. Fails with UNKNOWN_NAME where
 * there is none.
 */
userops_status userops_log_find_user(const userops_log *log,
                                     const char *id,
                                     size_t id_len,
                                     uint32_t *out_user,
                                     userops_error **out_error);

/**
 * The id of a user, as text.
 */
userops_status userops_log_user_id(const userops_log *log,
                                   uint32_t user,
                                   userops_bytes **out_id,
                                   userops_error **out_error);

/**
 * A row per user, in the order of their numbers: the id in the column `user`, and a column per attribute.
 */
userops_status userops_log_users(const userops_log *log,
                                 userops_table **out_table,
                                 userops_error **out_error);

/**
 * The events of one user up to `as_of_micros`, that instant included, in order of time and arrival, as a JSON array: each
 * with `user`, `time`, `name`, and where known `amount` in minor units, `id` and `properties`.
 */
userops_status userops_log_events_of(const userops_log *log,
                                     uint32_t user,
                                     int64_t as_of_micros,
                                     userops_bytes **out_json,
                                     userops_error **out_error);

/**
 * Frees a log. NULL is fine. What was made from it stays.
 */
void userops_log_free(userops_log *log);

/**
 * The users who are in a segment by its definition, from the events up to `as_of_micros`. `segment_json` is a JSON object as
 * in a playbook, such as {"name": "buyers", "when": "count(\"order\") >= 1", "exclude": ["test"]}. Its rule may ask for the
 * answers of `outcome`, which is of this log and may be NULL.
 */
userops_status userops_segment_assign(const userops_log *log,
                                      const char *segment_json,
                                      size_t segment_json_len,
                                      int64_t as_of_micros,
                                      const userops_outcome *outcome,
                                      userops_segment **out_segment,
                                      userops_error **out_error);

/**
 * Why one user is in a segment or not, as an explanation in JSON. `segment_json` as in
 * userops_segment_assign(); so is `outcome`, which may be NULL.
 */
userops_status userops_segment_explain(const userops_log *log,
                                       const char *segment_json,
                                       size_t segment_json_len,
                                       int64_t as_of_micros,
                                       const userops_outcome *outcome,
                                       uint32_t user,
                                       userops_bytes **out_explanation,
                                       userops_error **out_error);

/**
 * Why users entered and left a segment between two instants, the first `users_max` of them in the order of their numbers: a
 * JSON array of objects with `user` (the number), `movement`, and the explanations `before` and `after`. `segment_json` as in
 * userops_segment_assign(). `outcome_before` and `outcome_after` hold the answers that its rule may ask for, and may be NULL.
 */
userops_status userops_segment_explain_moves(const userops_log *log,
                                             const char *segment_json,
                                             size_t segment_json_len,
                                             int64_t before_micros,
                                             const userops_outcome *outcome_before,
                                             int64_t after_micros,
                                             const userops_outcome *outcome_after,
                                             size_t users_max,
                                             userops_bytes **out_json,
                                             userops_error **out_error);

/**
 * The users of these ids, a JSON array of integers or texts, as far as the log knows them; in `out_unknown` a JSON array of the
 * ids that it does not know. `out_unknown` may be NULL.
 */
userops_status userops_segment_find_ids(const userops_log *log,
                                        const char *ids,
                                        size_t ids_len,
                                        userops_segment **out_segment,
                                        userops_bytes **out_unknown,
                                        userops_error **out_error);

/**
 * Who entered, left and stayed between a segment of one log and a segment of a later one, told by user id, as a JSON object of
 * arrays: `entered`, `left` and `stayed`; and how many of those who entered are new to the log, `entered_new_count`, and how
 * many of those who left are gone from it, `left_gone_count`.
 */
userops_status userops_segment_diff_by_id(const userops_segment *before,
                                          const userops_log *log_before,
                                          const userops_segment *after,
                                          const userops_log *log_after,
                                          userops_bytes **out_json,
                                          userops_error **out_error);

/**
 * The milestones of AARRR from acquisition to referral, as a JSON array. `events` is a JSON object that says which events stand
 * for which step.
 */
userops_status userops_milestones_aarrr(const char *events,
                                        size_t events_len,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * When each user reached each milestone, up to an instant: a row per user. `milestones` is a JSON array such as
 * [{"name": "second_order", "when": "count(\"order\") >= 2"}]. `out_summary`, a row per milestone with counts, shares and days,
 * may be NULL.
 */
userops_status userops_milestones_reach(const userops_log *log,
                                        const char *milestones,
                                        size_t milestones_len,
                                        int64_t as_of_micros,
                                        userops_table **out_table,
                                        userops_table **out_summary,
                                        userops_error **out_error);

/**
 * When one user reached which milestone and by what, and what the others wait for, as an explanation in JSON. `milestones` as in
 * userops_milestones_reach().
 */
userops_status userops_milestones_explain(const userops_log *log,
                                          const char *milestones,
                                          size_t milestones_len,
                                          int64_t as_of_micros,
                                          uint32_t user,
                                          userops_bytes **out_explanation,
                                          userops_error **out_error);

/**
 * What is measured of the buyers of a log for RFM: a table with the columns `user`, `recency`, `frequency` and `monetary`, a
 * row per buyer, and the `definition` that userops_model_fit() takes with it, which says what was measured. `options` is a
 * JSON object: {"orders": ["order_paid"]} and, where wanted, `recency`, `frequency` and `monetary`. `out_definition` may be
 * NULL.
 */
userops_status userops_log_buyers(const userops_log *log,
                                  int64_t as_of_micros,
                                  const char *options,
                                  size_t options_len,
                                  userops_table **out_table,
                                  userops_bytes **out_definition,
                                  userops_error **out_error);

/**
 * Fits a model on a population, a row per user. `definition` is JSON with the kind of model and its options: {"rfm": {…}},
 * {"value_groups": {…}} or {"contribution": {…}}. The columns are those that the kind asks for.
 */
userops_status userops_model_fit(const userops_table *table,
                                 const char *definition,
                                 size_t definition_len,
                                 userops_model **out_model,
                                 userops_error **out_error);

/**
 * Reads a model as userops_model_to_json() writes it; a scheme of cells may be written by hand. A model whose parts do not
 * fit together is refused.
 */
userops_status userops_model_from_json(const char *model_json,
                                       size_t model_json_len,
                                       userops_model **out_model,
                                       userops_error **out_error);

/**
 * The ten segments by recency and frequency: a model of the kind `cells`.
 */
userops_status userops_model_ten_segments(userops_model **out_model,
                                          userops_error **out_error);

/**
 * The model as JSON, its kind as the only key. What reads it back must read floats to their last bit.
 */
userops_status userops_model_to_json(const userops_model *model,
                                     userops_bytes **out_json,
                                     userops_error **out_error);

/**
 * Scores one user, seen in the population or not. User and answer are JSON, of the form that the kind of model says.
 */
userops_status userops_model_score(const userops_model *model,
                                   const char *user_json,
                                   size_t user_json_len,
                                   userops_bytes **out_json,
                                   userops_error **out_error);

/**
 * Scores all users of a table, row by row. The columns are those that the kind asks for.
 */
userops_status userops_model_score_table(const userops_model *model,
                                         const userops_table *table,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * Why a user is scored so, as an explanation in JSON; see userops_explanation_render().
 */
userops_status userops_model_explain(const userops_model *model,
                                     const char *user_json,
                                     size_t user_json_len,
                                     userops_bytes **out_explanation,
                                     userops_error **out_error);

/**
 * Frees a model. NULL is fine.
 */
void userops_model_free(userops_model *model);

/**
 * An amount of minor units as its currency writes it: 1250 of "USD" is "12.50".
 */
userops_status userops_money_format(int64_t minor,
                                    const char *currency,
                                    size_t currency_len,
                                    userops_bytes **out_text,
                                    userops_error **out_error);

/**
 * How many minor units a major unit of the currency has: 100 for "USD", 1 for "JPY".
 */
userops_status userops_money_minor_per_major(const char *currency,
                                             size_t currency_len,
                                             int64_t *out_count,
                                             userops_error **out_error);

/**
 * What the outcome is, as JSON: `playbook` (its name), `fingerprint`, `as_of`, `user_count`, the names of `tags`, `segments`,
 * `scores` and `milestones`, and `lifecycle` with its `definition` and how its thresholds were `derived` (null without one).
 */
userops_status userops_outcome_describe(const userops_outcome *outcome,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * The lifecycle as it was used, thresholds derived, as a definition in JSON for the functions of lifecycles. Fails with
 * UNKNOWN_NAME where the playbook has none.
 */
userops_status userops_outcome_lifecycle(const userops_outcome *outcome,
                                         userops_bytes **out_definition,
                                         userops_error **out_error);

/**
 * A row per user of the log: the id, and a column per score, tag, stage and segment under the names `score.rfm.recency`,
 * `tag.vip`, `stage` and `segment.win_back`.
 */
userops_status userops_outcome_to_table(const userops_outcome *outcome,
                                        const userops_log *log,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * A row per tag value, stage and segment: how many users, and their share of all.
 */
userops_status userops_outcome_summary(const userops_outcome *outcome,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * The users of a segment. Fails with UNKNOWN_NAME and the nearest name.
 */
userops_status userops_outcome_segment(const userops_outcome *outcome,
                                       const char *name,
                                       size_t name_len,
                                       userops_segment **out_segment,
                                       userops_error **out_error);

/**
 * The model of a score, as JSON. Fails with UNKNOWN_NAME and the nearest name.
 */
userops_status userops_outcome_score_model(const userops_outcome *outcome,
                                           const char *name,
                                           size_t name_len,
                                           userops_bytes **out_json,
                                           userops_error **out_error);

/**
 * The profiles that were built with the answers. Fails with UNKNOWN_NAME where they were left out.
 */
userops_status userops_outcome_profiles(const userops_outcome *outcome,
                                        userops_profiles **out_profiles,
                                        userops_error **out_error);

/**
 * When each user of the log reached each milestone: a row per user, unknown where not yet. Fails with UNKNOWN_NAME where the
 * playbook declares none.
 */
userops_status userops_outcome_milestones(const userops_outcome *outcome,
                                          const userops_log *log,
                                          userops_table **out_table,
                                          userops_error **out_error);

/**
 * A row per milestone: how many users reached it, the shares of the one before and of the first, and the days in between.
 * Fails with UNKNOWN_NAME where the playbook declares none.
 */
userops_status userops_outcome_milestone_summary(const userops_outcome *outcome,
                                                 userops_table **out_table,
                                                 userops_error **out_error);

/**
 * What differs between two outcomes over one log, of one playbook at two instants or of two playbooks: a row per user and
 * definition, with `kind`, `name`, `user`, `before` and `after`.
 */
userops_status userops_outcome_compare(const userops_outcome *before,
                                       const userops_outcome *after,
                                       const userops_log *log,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * How many users went from which stage to which between two outcomes: a row per pair of stages. Fails with UNKNOWN_NAME where
 * one of the two has no lifecycle.
 */
userops_status userops_outcome_stage_transitions(const userops_outcome *before,
                                                 const userops_outcome *after,
                                                 userops_table **out_table,
                                                 userops_error **out_error);

/**
 * Frees an outcome. NULL is fine.
 */
void userops_outcome_free(userops_outcome *outcome);

/**
 * Which event follows which, over the paths of all users, from the events up to `as_of_micros`: a row per pair, starts and
 * exits included. `options` is a JSON object with `window`, `groups`, `ungrouped`, `repeats_collapsed` and `session_gap`, and
 * may be NULL.
 */
userops_status userops_log_transitions(const userops_log *log,
                                       int64_t as_of_micros,
                                       const char *options,
                                       size_t options_len,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * The tree of what comes after an anchor, or came before it: a row per node in `out_table`, parents before their children,
 * and in `out_flows` a row per flow between neighbouring steps, from which a Sankey diagram is drawn. `options` is a JSON
 * object with `paths` (the options of userops_log_transitions()), `anchor`, `choice`, `direction`, `depth`, `within` and
 * `ratio_min`, and may be NULL. `out_flows` may be NULL.
 */
userops_status userops_log_path_tree(const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *options,
                                     size_t options_len,
                                     userops_table **out_table,
                                     userops_table **out_flows,
                                     userops_error **out_error);

/**
 * Reads a playbook from TOML, and checks it. The message of a failure begins with line and column.
 */
userops_status userops_playbook_from_toml(const char *playbook_toml,
                                          size_t playbook_toml_len,
                                          userops_playbook **out_playbook,
                                          userops_error **out_error);

/**
 * Reads a playbook from JSON, and checks it. The message of a failure begins with line and column.
 */
userops_status userops_playbook_from_json(const char *playbook_json,
                                          size_t playbook_json_len,
                                          userops_playbook **out_playbook,
                                          userops_error **out_error);

/**
 * The playbook as TOML.
 */
userops_status userops_playbook_to_toml(const userops_playbook *playbook,
                                        userops_bytes **out_toml,
                                        userops_error **out_error);

/**
 * The playbook as JSON.
 */
userops_status userops_playbook_to_json(const userops_playbook *playbook,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * The SHA-256 of all that the playbook says, in hexadecimal digits: equal for equal definitions.
 */
userops_status userops_playbook_fingerprint(const userops_playbook *playbook,
                                            userops_bytes **out_text,
                                            userops_error **out_error);

/**
 * The schema of the log that the playbook is written for, as JSON, for userops_reader_new().
 */
userops_status userops_playbook_schema(const userops_playbook *playbook,
                                       userops_bytes **out_json,
                                       userops_error **out_error);

/**
 * The JSON Schema of playbooks, for editors.
 */
userops_status userops_playbook_json_schema(userops_bytes **out_json,
                                            userops_error **out_error);

/**
 * Answers everything that the playbook asks, for every user of the log, as of an instant. `manual_tags` is a JSON array of
 * the acts by which people put tags on or took them off, and may be NULL. Profiles are built too unless `without_profiles`
 * is other than 0.
 *
 * `calibration` is what was taken from a population before, as userops_calibration_fit() writes it, to be used in place of
 * fitting it on this log, and may be NULL: answers at two instants, or of two parts of the users, are comparable where they have
 * one calibration. Fails with INVALID_ARGUMENT where it is of another playbook.
 */
userops_status userops_playbook_evaluate(const userops_playbook *playbook,
                                         const userops_log *log,
                                         int64_t as_of_micros,
                                         const char *manual_tags,
                                         size_t manual_tags_len,
                                         const char *calibration,
                                         size_t calibration_len,
                                         uint8_t without_profiles,
                                         userops_outcome **out_outcome,
                                         userops_error **out_error);

/**
 * Everything that an outcome of this playbook over this log says of one user, with why, as an explanation in JSON; see
 * userops_explanation_render(). `manual_tags` as the outcome was given them, and may be NULL.
 */
userops_status userops_playbook_explain(const userops_playbook *playbook,
                                        const userops_log *log,
                                        const userops_outcome *outcome,
                                        uint32_t user,
                                        const char *manual_tags,
                                        size_t manual_tags_len,
                                        userops_bytes **out_explanation,
                                        userops_error **out_error);

/**
 * Why one user moved between two outcomes over one log: what differs, with the explanation before and after. `after` may be
 * an outcome of the same playbook at another instant, or of `other`, a what-if. `manual_tags` may be NULL.
 */
userops_status userops_playbook_explain_move(const userops_playbook *playbook,
                                             const userops_log *log,
                                             const userops_outcome *before,
                                             const userops_playbook *other,
                                             const userops_outcome *after,
                                             uint32_t user,
                                             const char *manual_tags,
                                             size_t manual_tags_len,
                                             userops_bytes **out_explanation,
                                             userops_error **out_error);

/**
 * Frees a playbook. NULL is fine.
 */
void userops_playbook_free(userops_playbook *playbook);

/**
 * Builds the portrait of the users of a segment. Each column of `dimensions` is a dimension, with a row per user of the log in
 * the order of their numbers; userops_log_users() is such a table, and userops_table_select() takes what is wanted of one.
 * `zones` is a JSON object with the zone of columns of instants that are to be read as local months, such as {"first_order":
 * "Asia/Shanghai"}, and may be NULL where UTC is meant. `options` is a JSON object with `bins`, `values_max`, `small_cells` and
 * `cell_users_min`, and may be NULL.
 */
userops_status userops_portrait_build(const userops_segment *audience,
                                      const userops_table *dimensions,
                                      const char *zones,
                                      size_t zones_len,
                                      const char *options,
                                      size_t options_len,
                                      userops_portrait **out_portrait,
                                      userops_error **out_error);

/**
 * The portrait as JSON: `audience_count`, `everyone_count`, `options`, `rows` and `summaries`.
 */
userops_status userops_portrait_to_json(const userops_portrait *portrait,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * The portrait in words, for people.
 */
userops_status userops_portrait_to_text(const userops_portrait *portrait,
                                        userops_bytes **out_text,
                                        userops_error **out_error);

/**
 * The at most `count` rows that tell the audience apart, the most telling first, as a JSON array.
 */
userops_status userops_portrait_most_distinctive(const userops_portrait *portrait,
                                                 size_t count,
                                                 userops_bytes **out_json,
                                                 userops_error **out_error);

/**
 * A row per value of a dimension.
 */
userops_status userops_portrait_to_table(const userops_portrait *portrait,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * A row per dimension of numbers: mean and median of the audience and of everybody.
 */
userops_status userops_portrait_summary(const userops_portrait *portrait,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * Frees a portrait. NULL is fine.
 */
void userops_portrait_free(userops_portrait *portrait);

/**
 * Builds the profiles of all users from the events up to `as_of_micros`. `options` is a JSON object with `orders` (names of
 * events that are orders), `windows`, `channel`, `category` and more, and may be NULL.
 */
userops_status userops_profiles_build(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *options,
                                      size_t options_len,
                                      userops_profiles **out_profiles,
                                      userops_error **out_error);

/**
 * Brings profiles up to a later instant and a larger log, which holds every event of the `previous` one. The result equals
 * profiles that are built anew.
 */
userops_status userops_profiles_update(const userops_profiles *profiles,
                                       const userops_log *previous,
                                       const userops_log *log,
                                       int64_t as_of_micros,
                                       userops_profiles **out_profiles,
                                       userops_error **out_error);

/**
 * A row per user of the log that the profiles were built from: the id, and a column per number.
 */
userops_status userops_profiles_to_table(const userops_profiles *profiles,
                                         const userops_log *log,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * One user's profile as JSON, from the profiles of all.
 */
userops_status userops_profiles_of_user(const userops_profiles *profiles,
                                        const userops_log *log,
                                        uint32_t user,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * One user's profile as JSON, worked out for this user alone. `options` as in userops_profiles_build(), and may be NULL.
 */
userops_status userops_profile_build(const userops_log *log,
                                     uint32_t user,
                                     int64_t as_of_micros,
                                     const char *options,
                                     size_t options_len,
                                     userops_bytes **out_json,
                                     userops_error **out_error);

/**
 * In how many of the last `months` calendar months, that of `as_of_micros` included, each user did one of the `events`, a
 * JSON array of names: a table with the columns `user` and `active_months`.
 */
userops_status userops_log_active_months(const userops_log *log,
                                         int64_t as_of_micros,
                                         const char *events,
                                         size_t events_len,
                                         uint32_t months,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * What each buyer has ordered up to `as_of_micros`: a row per user with an order, with `user`, `last_order`, `order_count`,
 * `revenue_minor`, and where `with_purchase_days` is not 0 `purchase_days`, the local days with an order. `orders` is a JSON
 * array with the names of at least one order event.
 */
userops_status userops_log_order_totals(const userops_log *log,
                                        int64_t as_of_micros,
                                        const char *orders,
                                        size_t orders_len,
                                        uint8_t with_purchase_days,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * Frees profiles. NULL is fine.
 */
void userops_profiles_free(userops_profiles *profiles);

/**
 * Holds the scores of a table against its outcomes: `ranking` has the columns `score` and `outcome` (booleans, or 0 and 1), and the
 * higher the score, the more the outcome is expected. In `out_table` there is one row with `auc`, `average_precision`,
 * `brier_score`, `log_loss` and `expected_calibration_error`; in `out_top` a row per share of the first places, with `lift` and
 * `capture_ratio`; in `out_bins` a row per bin of equal counts, with what was foretold and what was observed. Equal scores are equal.
 * `options` is a JSON object with, where wanted, `probabilities` (false where the scores are none), `top_ratios` and `bin_count`, and
 * may be NULL; `out_top` and `out_bins` may be NULL.
 */
userops_status userops_ranking_evaluate(const userops_table *ranking,
                                        const char *options,
                                        size_t options_len,
                                        userops_table **out_table,
                                        userops_table **out_top,
                                        userops_table **out_bins,
                                        userops_error **out_error);

/**
 * Fits a logistic regression to the rows of a table. `options` is a JSON object with `outcome`, the column of booleans, or of 0 and 1,
 * and, where wanted, `columns` (every other column without it), `ridge` (half of it times the squares of the coefficients is taken off
 * the log-likelihood) and `iterations_max`. `out_fit` is the fit as JSON: all that a score needs. In `out_table` there is a row per
 * coefficient with its standard error, in `out_summary` one row (`log_likelihood`, counts, `converged`, `separated`). Rows with
 * something unknown are left out. `out_table` and `out_summary` may be NULL.
 */
userops_status userops_logistic_fit(const userops_table *table,
                                    const char *options,
                                    size_t options_len,
                                    userops_bytes **out_fit,
                                    userops_table **out_table,
                                    userops_table **out_summary,
                                    userops_error **out_error);

/**
 * The `probability` of the outcome for each row of a table, in `out_table`; unknown where something is. `logistic_fit` is JSON, as
 * userops_logistic_fit() makes it.
 */
userops_status userops_logistic_score(const char *logistic_fit,
                                      size_t logistic_fit_len,
                                      const userops_table *table,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * A reader of nothing yet. `schema` is a JSON object with what is known of the log (`zone`, `currency`, `events`,
 * `properties`, `attributes`, `limits`), and may be NULL. `mapping` says which columns play a part, such as {"user": "user_id",
 * "time": {"column": "ts"}, "event": {"column": "event"}, "amount": {"column": "amount"}}.
 */
userops_status userops_reader_new(const char *schema,
                                  size_t schema_len,
                                  const char *mapping,
                                  size_t mapping_len,
                                  userops_reader **out_reader,
                                  userops_error **out_error);

/**
 * Adds a file of events. `format` is JSON: "auto", "parquet", "json_lines" or {"csv": {"delimiter": ";", "has_header": true,
 * "columns": ["user", …], "quote": "\"", "comment": "#"}}, in which everything may be left out, and a delimiter may be
 * "auto" or "blanks"; `format` may be NULL for "auto". The file is opened when the reader reads.
 */
userops_status userops_reader_add_file(userops_reader *reader,
                                       const char *path,
                                       size_t path_len,
                                       const char *format,
                                       size_t format_len,
                                       userops_error **out_error);

/**
 * Adds a file with a row of attributes per user. `mapping` is JSON: {"user": "user_id"} takes all other columns;
 * `format` as in userops_reader_add_file(), and may be NULL.
 */
userops_status userops_reader_add_attributes_file(userops_reader *reader,
                                                  const char *path,
                                                  size_t path_len,
                                                  const char *mapping,
                                                  size_t mapping_len,
                                                  const char *format,
                                                  size_t format_len,
                                                  userops_error **out_error);

/**
 * Adds events in memory, as a file would hold them; `name` stands for them in messages and rejections. The bytes are copied.
 * `format` as in userops_reader_add_file(), and may be NULL.
 */
userops_status userops_reader_add_bytes(userops_reader *reader,
                                        const char *name,
                                        size_t name_len,
                                        const uint8_t *data,
                                        size_t data_len,
                                        const char *format,
                                        size_t format_len,
                                        userops_error **out_error);

/**
 * Adds attributes in memory, as userops_reader_add_attributes_file() and userops_reader_add_bytes(); `format` may be NULL.
 */
userops_status userops_reader_add_attributes_bytes(userops_reader *reader,
                                                   const char *name,
                                                   size_t name_len,
                                                   const uint8_t *data,
                                                   size_t data_len,
                                                   const char *mapping,
                                                   size_t mapping_len,
                                                   const char *format,
                                                   size_t format_len,
                                                   userops_error **out_error);

/**
 * Adds an Arrow stream of events, and takes it over, also where it gives no schema. Its callbacks are called from other threads
 * while the reader reads, one call at a time; numeric columns are not copied.
 */
userops_status userops_reader_add_stream(userops_reader *reader,
                                         const char *name,
                                         size_t name_len,
                                         struct ArrowArrayStream *stream,
                                         userops_error **out_error);

/**
 * Adds an Arrow stream with a row of attributes per user, as userops_reader_add_stream() and
 * userops_reader_add_attributes_file().
 */
userops_status userops_reader_add_attributes_stream(userops_reader *reader,
                                                    const char *name,
                                                    size_t name_len,
                                                    struct ArrowArrayStream *stream,
                                                    const char *mapping,
                                                    size_t mapping_len,
                                                    userops_error **out_error);

/**
 * Adds a table of events.
 */
userops_status userops_reader_add_table(userops_reader *reader,
                                        const char *name,
                                        size_t name_len,
                                        const userops_table *table,
                                        userops_error **out_error);

/**
 * Has a function told how far the read has come. `context` is handed to it as it is, and may be NULL.
 */
userops_status userops_reader_set_progress(userops_reader *reader,
                                           userops_progress_function function,
                                           void *context,
                                           userops_error **out_error);

/**
 * Reads everything into a log, and says what became of each row. The reader is used up, whether or not the read succeeds.
 * Fails with the kinds IO, INVALID_FORMAT, EMPTY, MISSING_COLUMN, TYPE_MISMATCH, INVALID_DEFINITION, LIMIT_EXCEEDED and
 * CANCELLED; each message names the source. `out_report` may be NULL.
 */
userops_status userops_reader_read(userops_reader *reader,
                                   userops_log **out_log,
                                   userops_report **out_report,
                                   userops_error **out_error);

/**
 * Frees a reader, with the streams that it was given. NULL is fine.
 */
void userops_reader_free(userops_reader *reader);

/**
 * Retention from the events up to `as_of_micros`: a row per cohort and period with size, retained users, ratio and interval.
 * `options` is a JSON object: {"period": "day"}, {"period": {"week": {}}} or {"period": {"rolling": "1d"}} and, where wanted,
 * `start`, `returns`, `cohort`, `measure`, `period_last` or `brackets`, `by` and `revenue`. `out_curve`, a row per period with
 * averages over the cohorts, may be NULL.
 */
userops_status userops_log_retention(const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *options,
                                     size_t options_len,
                                     userops_table **out_table,
                                     userops_table **out_curve,
                                     userops_error **out_error);

/**
 * Retention user by user: a row per user and start with cohort, start, and a column per period that is true where the user is
 * retained, false where not, and unknown where the period has not begun. `options` as in userops_log_retention().
 */
userops_status userops_log_retention_of_users(const userops_log *log,
                                              int64_t as_of_micros,
                                              const char *options,
                                              size_t options_len,
                                              userops_table **out_table,
                                              userops_error **out_error);

/**
 * Reads the text of a rule, such as count("order", last(days(30))) >= 2, and hands out its tree as JSON. Fails with the place
 * of what is wrong. Nothing is known of the data, so that any event, property and attribute may be named.
 */
userops_status userops_rule_parse(const char *rule,
                                  size_t rule_len,
                                  userops_bytes **out_tree,
                                  userops_error **out_error);

/**
 * The text of a rule that is given as a tree in JSON.
 */
userops_status userops_rule_write(const char *tree,
                                  size_t tree_len,
                                  userops_bytes **out_text,
                                  userops_error **out_error);

/**
 * Checks the text of a rule against what a log has: fails for names that it does not have, with the nearest one, and for
 * types that do not fit.
 */
userops_status userops_rule_check(const userops_log *log,
                                  const char *rule,
                                  size_t rule_len,
                                  userops_error **out_error);

/**
 * Whether a rule is true of one user, as of an instant, as JSON: "true", "false" or "unknown". A rule that names tags,
 * segments, scores or a stage belongs in a playbook, and fails with UNKNOWN_NAME.
 */
userops_status userops_rule_judge(const userops_log *log,
                                  const char *rule,
                                  size_t rule_len,
                                  uint32_t user,
                                  int64_t as_of_micros,
                                  userops_bytes **out_json,
                                  userops_error **out_error);

/**
 * Why a rule is true of one user or not, as an explanation in JSON: what was observed, which threshold it met, and what would
 * change it.
 */
userops_status userops_rule_explain(const userops_log *log,
                                    const char *rule,
                                    size_t rule_len,
                                    uint32_t user,
                                    int64_t as_of_micros,
                                    userops_bytes **out_explanation,
                                    userops_error **out_error);

/**
 * The first instant after `as_of_micros`, up to `until_micros`, at which a rule's answer about one user changes if nothing
 * happens before, as JSON: [instant, "true"]; null where it stays.
 */
userops_status userops_rule_next_change(const userops_log *log,
                                        const char *rule,
                                        size_t rule_len,
                                        uint32_t user,
                                        int64_t as_of_micros,
                                        int64_t until_micros,
                                        userops_bytes **out_json,
                                        userops_error **out_error);

/**
 * The users of whom a rule is true, as of an instant; with `include_unknown` other than 0 also those of whom it is unknown.
 */
userops_status userops_rule_segment(const userops_log *log,
                                    const char *rule,
                                    size_t rule_len,
                                    int64_t as_of_micros,
                                    uint8_t include_unknown,
                                    userops_segment **out_segment,
                                    userops_error **out_error);

/**
 * What a measure, such as sum(event.amount, "order"), is of each user as of an instant: a table with the columns `user` and
 * `value`. A measure of tags, segments, scores or stages belongs in a playbook, and fails with UNKNOWN_NAME.
 */
userops_status userops_measure_values(const userops_log *log,
                                      const char *measure,
                                      size_t measure_len,
                                      int64_t as_of_micros,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * An invented log, the same on every machine. `kind` is "community" or "content_app"; `options` is a JSON object with `seed`,
 * `users`, `days`, `start` and `zone`, in which everything may be left out, and may be NULL.
 */
userops_status userops_log_sample(const char *kind,
                                  size_t kind_len,
                                  const char *options,
                                  size_t options_len,
                                  userops_log **out_log,
                                  userops_error **out_error);

/**
 * Reads a segment from the bytes of a Roaring bitmap in its portable format, out of `user_count` users. Everything is
 * checked; fails with INVALID_FORMAT.
 */
userops_status userops_segment_from_bytes(const uint8_t *data,
                                          size_t data_len,
                                          size_t user_count,
                                          userops_segment **out_segment,
                                          userops_error **out_error);

/**
 * The segment as a Roaring bitmap in its portable format, which its libraries in other languages read.
 */
userops_status userops_segment_to_bytes(const userops_segment *segment,
                                        userops_bytes **out_bytes,
                                        userops_error **out_error);

/**
 * The users of these ids, a JSON array of integers or texts. Fails with UNKNOWN_NAME and the ids that the log does not know.
 */
userops_status userops_segment_of_ids(const userops_log *log,
                                      const char *ids,
                                      size_t ids_len,
                                      userops_segment **out_segment,
                                      userops_error **out_error);

/**
 * The users of these numbers, out of `user_count`.
 */
userops_status userops_segment_of_users(const uint32_t *users,
                                        size_t users_len,
                                        size_t user_count,
                                        userops_segment **out_segment,
                                        userops_error **out_error);

/**
 * How many users are in the segment.
 */
userops_status userops_segment_len(const userops_segment *segment,
                                   size_t *out_len,
                                   userops_error **out_error);

/**
 * How many users there are, in the segment and outside.
 */
userops_status userops_segment_user_count(const userops_segment *segment,
                                          size_t *out_count,
                                          userops_error **out_error);

/**
 * Whether a user is in the segment: 0 or 1.
 */
userops_status userops_segment_contains(const userops_segment *segment,
                                        uint32_t user,
                                        uint8_t *out_contains,
                                        userops_error **out_error);

/**
 * The members' ids as a table with the column `user`, in the order of their numbers.
 */
userops_status userops_segment_users(const userops_segment *segment,
                                     const userops_log *log,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * Who is in both segments. They are of one log.
 */
userops_status userops_segment_and(const userops_segment *segment,
                                   const userops_segment *other,
                                   userops_segment **out_segment,
                                   userops_error **out_error);

/**
 * Who is in one of the two segments, or in both. They are of one log.
 */
userops_status userops_segment_or(const userops_segment *segment,
                                  const userops_segment *other,
                                  userops_segment **out_segment,
                                  userops_error **out_error);

/**
 * Who is in the first segment and not in the other. They are of one log.
 */
userops_status userops_segment_without(const userops_segment *segment,
                                       const userops_segment *other,
                                       userops_segment **out_segment,
                                       userops_error **out_error);

/**
 * Who is in one of the two segments and not in both. They are of one log.
 */
userops_status userops_segment_xor(const userops_segment *segment,
                                   const userops_segment *other,
                                   userops_segment **out_segment,
                                   userops_error **out_error);

/**
 * Who is not in the segment, out of all users of the log.
 */
userops_status userops_segment_not(const userops_segment *segment,
                                   userops_segment **out_segment,
                                   userops_error **out_error);

/**
 * Who is in at least `count` of the segments. They are of one log.
 */
userops_status userops_segment_at_least(size_t count,
                                        const userops_segment *const *segments,
                                        size_t segments_len,
                                        userops_segment **out_segment,
                                        userops_error **out_error);

/**
 * How many users each two segments share, as a table. `names` is a JSON array with a name for each of the segments, which are
 * of one log.
 */
userops_status userops_segment_overlap(const char *names,
                                       size_t names_len,
                                       const userops_segment *const *segments,
                                       size_t segments_len,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * Who entered and who left between two states of a segment over one log: a table with the columns `user` and `movement`.
 */
userops_status userops_segment_movements(const userops_segment *before,
                                         const userops_segment *after,
                                         const userops_log *log,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * Frees a segment. NULL is fine.
 */
void userops_segment_free(userops_segment *segment);

/**
 * How many users have how many matches of a pattern that do not overlap: `match_count`, `user_count`. `pattern` is a JSON object
 * with `pattern` (a text such as "(?1)(?t<=3600)(?2)"), `conditions` (objects with `events` and `where`), and where wanted
 * `sees`.
 */
userops_status userops_sequence_count(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *pattern,
                                      size_t pattern_len,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * How many matches each user has: `user`, `match_count`. `pattern` as in userops_sequence_count().
 */
userops_status userops_sequence_users(const userops_log *log,
                                      int64_t as_of_micros,
                                      const char *pattern,
                                      size_t pattern_len,
                                      userops_table **out_table,
                                      userops_error **out_error);

/**
 * The rows of the events of each match of one user, as a JSON array of arrays of numbers. `pattern` as in
 * userops_sequence_count().
 */
userops_status userops_sequence_trace(const userops_log *log,
                                      uint32_t user,
                                      int64_t as_of_micros,
                                      const char *pattern,
                                      size_t pattern_len,
                                      userops_bytes **out_json,
                                      userops_error **out_error);

/**
 * What users do right after a chain of events, or did right before it: `event`, `user_count`, `ratio`, `ratio_low`,
 * `ratio_high`. `query` is a JSON object with `chain` (objects with `events` and `where`), and where wanted `base_condition`,
 * `base` ("first_match", "last_match", "head", "tail") and `direction` ("forward", "backward").
 */
userops_status userops_sequence_next(const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *query,
                                     size_t query_len,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * Measures of kinds of events per calendar period, each with the band that the periods before let expect, from the events up to
 * `as_of_micros`: a row per kind, value of a split, measure and period. `options` is a JSON object: {"period": "day"} and, where
 * wanted, `events`, `measures`, `split` and `band`.
 */
userops_status userops_log_series(const userops_log *log,
                                  int64_t as_of_micros,
                                  const char *options,
                                  size_t options_len,
                                  userops_table **out_table,
                                  userops_error **out_error);

/**
 * Who the active users of each calendar period are by an attribute, from the events up to `as_of_micros`: a row per period and
 * value. `options` is a JSON object: {"attribute": "city", "period": "month"} and, where wanted, `activity` and `values_max`.
 */
userops_status userops_log_portrait_series(const userops_log *log,
                                           int64_t as_of_micros,
                                           const char *options,
                                           size_t options_len,
                                           userops_table **out_table,
                                           userops_error **out_error);

/**
 * The sessions of the events up to `as_of_micros`: a row per session. `options` is a JSON object with `events` (a pattern),
 * `gap` ("30m" unless given), `length_max`, `split_at_midnight` and `starts`, and may be NULL. `out_trend`, a row per local day,
 * may be NULL. `out_users`, a row per user, may be NULL. `out_summary`, a JSON object with counts, lengths and depths, may be
 * NULL.
 */
userops_status userops_log_sessions(const userops_log *log,
                                    int64_t as_of_micros,
                                    const char *options,
                                    size_t options_len,
                                    userops_table **out_table,
                                    userops_table **out_trend,
                                    userops_table **out_users,
                                    userops_bytes **out_summary,
                                    userops_error **out_error);

/**
 * The share of lives that is left after each time (Kaplan-Meier, with the hazard of Nelson-Aalen): a row per time in `out_table`,
 * and in `out_summary` one of counts, median, quartiles and restricted mean; of each where there are groups. A row of `lives` is a
 * life. `options` is a JSON object with, where wanted, `duration` and `event` (columns, by default of these names), `group` (a
 * column), `interval` ("log_log" or "plain") and `restricted_until`, and may be NULL. `out_summary` may be NULL.
 */
userops_status userops_survival_estimate(const userops_table *lives,
                                         const char *options,
                                         size_t options_len,
                                         userops_table **out_table,
                                         userops_table **out_summary,
                                         userops_error **out_error);

/**
 * Whether groups differ in how long they last (log-rank test): a row per group in `out_table`, and in `out_summary` one row with
 * the statistic, its degrees of freedom and its p-value. `lives` as in userops_survival_estimate(); `options` is a JSON object with
 * `group` (a column), and where wanted `duration` and `event`. `out_summary` may be NULL.
 */
userops_status userops_survival_compare(const userops_table *lives,
                                        const char *options,
                                        size_t options_len,
                                        userops_table **out_table,
                                        userops_table **out_summary,
                                        userops_error **out_error);

/**
 * By how much covariates raise or lower the risk (Cox's proportional hazards, Efron's ties): a row per covariate in `out_table`,
 * and in `out_summary` one row of counts, likelihoods and concordance. `lives` as in userops_survival_estimate(); `options` is a
 * JSON object with, where wanted, `duration`, `event` and `covariates` (columns, every other one by default), and may be NULL.
 * `out_summary` may be NULL.
 */
userops_status userops_survival_fit_cox(const userops_table *lives,
                                        const char *options,
                                        size_t options_len,
                                        userops_table **out_table,
                                        userops_table **out_summary,
                                        userops_error **out_error);

/**
 * Reads all batches of an Arrow stream into a table, and takes the stream over, also where the call fails after its
 * checks of NULL. Integers, floats, booleans, texts, dates and timestamps with a zone keep their type, decimals become
 * floats; a null is an unknown value. Fails with TYPE_MISMATCH for other types, and where the stream fails.
 */
userops_status userops_table_from_stream(struct ArrowArrayStream *stream,
                                         userops_table **out_table,
                                         userops_error **out_error);

/**
 * Reads a table from JSON: {"row_count": 2, "columns": [["user", {"text": {"codes": [0, 1], "dictionary": ["ann", "bob"]}}],
 * ["orders", {"integer": [3, null]}]]}. The types are bool, integer, float, text, time (microseconds UTC) and date (days
 * since 1970-01-01); null is unknown. It is meant for small tables: Arrow streams are faster.
 */
userops_status userops_table_from_json(const char *table_json,
                                       size_t table_json_len,
                                       userops_table **out_table,
                                       userops_error **out_error);

/**
 * Hands the table out as an Arrow stream of one batch: texts as utf8, instants as timestamps in microseconds UTC, dates as
 * date32, null where a value is unknown. The caller releases the stream. Fails with LIMIT_EXCEEDED where the texts of a
 * column take more than 2 GiB.
 */
userops_status userops_table_to_stream(const userops_table *table,
                                       struct ArrowArrayStream *out_stream,
                                       userops_error **out_error);

/**
 * Writes the table to a file, in the format of its extension: parquet, csv, jsonl or ndjson. The file has its name only
 * once it is complete; one that is there is replaced.
 */
userops_status userops_table_write(const userops_table *table,
                                   const char *path,
                                   size_t path_len,
                                   userops_error **out_error);

/**
 * The table as the bytes of a file in the format "parquet", "csv" or "jsonl": in the last each row is a JSON object.
 */
userops_status userops_table_to_bytes(const userops_table *table,
                                      const char *format,
                                      size_t format_len,
                                      userops_bytes **out_bytes,
                                      userops_error **out_error);

/**
 * How many rows the table has.
 */
userops_status userops_table_row_count(const userops_table *table,
                                       size_t *out_count,
                                       userops_error **out_error);

/**
 * The names of the columns in order, as a JSON array.
 */
userops_status userops_table_column_names(const userops_table *table,
                                          userops_bytes **out_names,
                                          userops_error **out_error);

/**
 * A table of some of the columns, each under a new name: `columns` is a JSON array of pairs, [["revenue", "amount"], …].
 * Fails with UNKNOWN_NAME for a column that there is not, and with INVALID_ARGUMENT where a new name occurs twice.
 */
userops_status userops_table_select(const userops_table *table,
                                    const char *columns,
                                    size_t columns_len,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * A table of the columns of one table and then those of another with as many rows. Fails with INVALID_ARGUMENT where the
 * numbers of rows differ or both have a column of one name.
 */
userops_status userops_table_beside(const userops_table *table,
                                    const userops_table *other,
                                    userops_table **out_table,
                                    userops_error **out_error);

/**
 * Frees a table. NULL is fine.
 */
void userops_table_free(userops_table *table);

/**
 * Assigns tags to all users from the events up to `as_of_micros`: a row per user in `out_table`, a column per tag, and in
 * `out_counts` a row per tag and value. `tags` is a JSON array of definitions as in a playbook, such as
 * [{"name": "buyer", "kind": {"rule": "count(\"order\") >= 1"}}]; each may build on those before it and on the answers of
 * `outcome`, which is of this log and may be NULL. `manual_tags` is a JSON array of the acts by which people put tags on or
 * took them off, and may be NULL. `out_counts` may be NULL.
 */
userops_status userops_tags_assign(const userops_log *log,
                                   const char *tags,
                                   size_t tags_len,
                                   int64_t as_of_micros,
                                   const char *manual_tags,
                                   size_t manual_tags_len,
                                   const userops_outcome *outcome,
                                   userops_table **out_table,
                                   userops_table **out_counts,
                                   userops_error **out_error);

/**
 * Why one user has the tag `name` of `tags` or not, as an explanation in JSON. `tags` as in userops_tags_assign();
 * so are `manual_tags` and `outcome`, each of which may be NULL.
 */
userops_status userops_tags_explain(const userops_log *log,
                                    const char *tags,
                                    size_t tags_len,
                                    int64_t as_of_micros,
                                    const char *manual_tags,
                                    size_t manual_tags_len,
                                    const userops_outcome *outcome,
                                    const char *name,
                                    size_t name_len,
                                    uint32_t user,
                                    userops_bytes **out_explanation,
                                    userops_error **out_error);

/**
 * Reads an instant: in the format "auto" (ISO 8601), "rfc3339", "date", "compact_date", "epoch_seconds", "epoch_millis" or
 * "epoch_micros", in a zone where it states no offset. `format` may be NULL for "auto", and `zone` may be NULL for "UTC".
 */
userops_status userops_instant_parse(const char *instant_text,
                                     size_t instant_text_len,
                                     const char *format,
                                     size_t format_len,
                                     const char *zone,
                                     size_t zone_len,
                                     int64_t *out_micros,
                                     userops_error **out_error);

/**
 * Reads an instant that is written as a number, such as 20260301 in the format "compact_date". `zone` may be NULL for "UTC".
 */
userops_status userops_instant_from_number(int64_t number,
                                           const char *format,
                                           size_t format_len,
                                           const char *zone,
                                           size_t zone_len,
                                           int64_t *out_micros,
                                           userops_error **out_error);

/**
 * An instant as text, as RFC 3339 in UTC: "2026-03-01T09:30:00Z".
 */
userops_status userops_instant_format(int64_t micros,
                                      userops_bytes **out_text,
                                      userops_error **out_error);

/**
 * The first instant inside a window and the first after it, as of an instant in a zone. `window` is JSON, such as
 * {"rolling": {"span": "30d"}}. They are equal where the window is empty.
 */
userops_status userops_window_range(const char *window,
                                    size_t window_len,
                                    int64_t as_of_micros,
                                    const char *zone,
                                    size_t zone_len,
                                    int64_t *out_start_micros,
                                    int64_t *out_end_micros,
                                    userops_error **out_error);

/**
 * What calendar and clock of a zone show at an instant, as a JSON object: `day`, `hour`, `weekday`, `week` (its first day)
 * and `month`. `week_start` is a weekday such as "sunday", and may be NULL for "monday".
 */
userops_status userops_calendar_at(const char *zone,
                                   size_t zone_len,
                                   int64_t micros,
                                   const char *week_start,
                                   size_t week_start_len,
                                   userops_bytes **out_json,
                                   userops_error **out_error);

/**
 * When a day, such as "2026-03-01", begins in a zone, as a JSON object: `start` and `next` (the first instants of the day and
 * of the one after it), `weekday`, `week` (its first day) and `month`. `week_start` as in userops_calendar_at(), and may be
 * NULL.
 */
userops_status userops_calendar_day(const char *zone,
                                    size_t zone_len,
                                    const char *day,
                                    size_t day_len,
                                    const char *week_start,
                                    size_t week_start_len,
                                    userops_bytes **out_json,
                                    userops_error **out_error);

/**
 * The day so many months after another, or before it for a negative number. A day that the month lacks becomes its last.
 */
userops_status userops_day_plus_months(const char *day,
                                       size_t day_len,
                                       int32_t months,
                                       userops_bytes **out_day,
                                       userops_error **out_error);

/**
 * The date of an anniversary in a year, as a JSON string; null where that year has none. `anniversary` is JSON:
 * {"origin": "1990-02-29", "leap_day": "february28"}.
 */
userops_status userops_anniversary_in_year(const char *anniversary,
                                           size_t anniversary_len,
                                           int32_t year,
                                           userops_bytes **out_json,
                                           userops_error **out_error);

/**
 * Whether a day lies at most so many days before or after an anniversary: 0 or 1.
 */
userops_status userops_anniversary_is_within(const char *anniversary,
                                             size_t anniversary_len,
                                             const char *day,
                                             size_t day_len,
                                             uint16_t days,
                                             uint8_t *out_is_within,
                                             userops_error **out_error);

/**
 * How many years are completed on a day.
 */
userops_status userops_anniversary_years_on(const char *anniversary,
                                            size_t anniversary_len,
                                            const char *day,
                                            size_t day_len,
                                            int32_t *out_years,
                                            userops_error **out_error);

/**
 * What was known at `as_of_micros` of everyone at risk, that is, active before and not silent for more than the limit: in
 * `out_table` a row per user with `silence_days`, `silence_ratio` (beside the usual gap), `activity_slope`, `narrowing`,
 * `no_activity_probability`, `complaint_count`, `refund_count`, `tenure_days`, `active_day_count`, `usual_gap_days` and
 * `alive_probability`. No later event has any say. `options` as in userops_warning_fit(), and may be NULL.
 */
userops_status userops_warning_features(const userops_log *log,
                                        int64_t as_of_micros,
                                        const char *options,
                                        size_t options_len,
                                        userops_table **out_table,
                                        userops_error **out_error);

/**
 * Learns from a log's own past who will be lost, that is, not active within a horizon. Users at risk three horizons before
 * `as_of_micros` are learnt from, those two before put the probabilities right, and those one before judge the model. `options` is a
 * JSON object with, where wanted, `activity`, `behaviour` and `complaints` ({"events": […], "where": …}), `behaviour_property`,
 * `horizon_days` (30), `recent_days`, `silence_days_max` (90), `training_cut_count` (1) and `ridge` (1), and may be NULL. `out_model` is
 * the model as JSON: all that a score needs. In `out_table` there is a row for the intercept and each feature with its coefficient and
 * standard error; in `out_cuts` a row per instant of the past, with how many users were at risk and lost; in `out_evaluation` a row
 * per ranking of the held-out users, the model first and then what is simpler, with `auc`, `average_precision`, `brier_score`, …;
 * in `out_top` a row per ranking and share of its first places; in `out_calibration` a row per bin of the model; in `out_notes` a row
 * for each thing that is weak. `out_table`, `out_cuts`, `out_evaluation`, `out_top`, `out_calibration` and `out_notes` may be NULL.
 * Fails with EMPTY where nobody was at risk to learn from, and with INVALID_ARGUMENT where all of those, or none, were lost.
 */
userops_status userops_warning_fit(const userops_log *log,
                                   int64_t as_of_micros,
                                   const char *options,
                                   size_t options_len,
                                   userops_bytes **out_model,
                                   userops_table **out_table,
                                   userops_table **out_cuts,
                                   userops_table **out_evaluation,
                                   userops_table **out_top,
                                   userops_table **out_calibration,
                                   userops_table **out_notes,
                                   userops_error **out_error);

/**
 * Scores everyone at risk at `as_of_micros`: in `out_table` a row per user, in the order of users, with `probability` (of no
 * activity within the horizon), `value` (what the user is worth in that time, in major units), `expected_loss` and `reason_1` … in
 * words. `warning_model` is JSON, as userops_warning_fit() makes it. `options` is a JSON object with, where wanted, `spending`
 * ({"events": […], "where": …}), `value_days` (365), `value_attribute` (a numeric attribute that says the value instead) and
 * `reason_count` (3), and may be NULL.
 */
userops_status userops_warning_score(const char *warning_model,
                                     size_t warning_model_len,
                                     const userops_log *log,
                                     int64_t as_of_micros,
                                     const char *options,
                                     size_t options_len,
                                     userops_table **out_table,
                                     userops_error **out_error);

/**
 * The users to look after first: in `out_table` a row for each with `rank` and the columns of userops_warning_score(), in
 * `out_summary` one row (`at_risk_count`, `listed_count`, `expected_loss`, `expected_loss_ratio`, `expected_lost_count`). `list` is a JSON
 * object with `capacity`, how many users can be looked after, above 0, and, where wanted, `order`: "expected_loss" or "probability".
 * Equal users are by probability, then in the order of users. `warning_model` and `options` as in userops_warning_score(); `options`
 * and `out_summary` may be NULL.
 */
userops_status userops_warning_watch_list(const char *warning_model,
                                          size_t warning_model_len,
                                          const userops_log *log,
                                          int64_t as_of_micros,
                                          const char *list,
                                          size_t list_len,
                                          const char *options,
                                          size_t options_len,
                                          userops_table **out_table,
                                          userops_table **out_summary,
                                          userops_error **out_error);

/**
 * The features of one user at `as_of_micros` as JSON, as userops_warning_explain() reads them; null for a user who is not at risk.
 * `warning_model` as in userops_warning_score().
 */
userops_status userops_warning_read_user(const char *warning_model,
                                         size_t warning_model_len,
                                         const userops_log *log,
                                         int64_t as_of_micros,
                                         uint32_t user,
                                         userops_bytes **out_features,
                                         userops_error **out_error);

/**
 * Why the probability of no activity within the horizon is what it is, given the features of one user, as an explanation in JSON: its
 * value is the probability, its parts say what each feature adds to the log-odds. `warning_model` as in userops_warning_score();
 * `features` is JSON, as userops_warning_read_user() makes it.
 */
userops_status userops_warning_explain(const char *warning_model,
                                       size_t warning_model_len,
                                       const char *features,
                                       size_t features_len,
                                       userops_bytes **out_explanation,
                                       userops_error **out_error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* USEROPS_H */
