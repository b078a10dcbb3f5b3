<?php
/**
 * A caller of userops from PHP: reads the CDNOW purchase log, evaluates a playbook, and prints its summary as CSV.
 *
 *     php summary.php /usr/local/lib/libuserops.so ../data/cdnow_master.txt ../playbooks/cdnow.toml
 *
 * PHP's FFI knows no preprocessor, so the functions in use are declared here as the header has them.
 */

declare(strict_types=1);

const DECLARATIONS = <<<'C'
typedef struct userops_bytes userops_bytes;
typedef struct userops_error userops_error;
typedef struct userops_log userops_log;
typedef struct userops_outcome userops_outcome;
typedef struct userops_playbook userops_playbook;
typedef struct userops_reader userops_reader;
typedef struct userops_report userops_report;
typedef struct userops_table userops_table;

const char *userops_error_kind(const userops_error *error);
const char *userops_error_message(const userops_error *error);
void userops_error_free(userops_error *error);
const char *userops_bytes_data(const userops_bytes *bytes);
size_t userops_bytes_len(const userops_bytes *bytes);
void userops_bytes_free(userops_bytes *bytes);

int32_t userops_reader_new(const char *schema, size_t schema_len, const char *mapping, size_t mapping_len,
                           userops_reader **out_reader, userops_error **out_error);
int32_t userops_reader_add_file(userops_reader *reader, const char *path, size_t path_len, const char *format,
                                size_t format_len, userops_error **out_error);
int32_t userops_reader_read(userops_reader *reader, userops_log **out_log, userops_report **out_report,
                            userops_error **out_error);
void userops_reader_free(userops_reader *reader);
int32_t userops_log_time_span(const userops_log *log, int64_t *out_first_micros, int64_t *out_last_micros,
                              userops_error **out_error);
void userops_log_free(userops_log *log);
int32_t userops_playbook_from_toml(const char *playbook_toml, size_t playbook_toml_len, userops_playbook **out_playbook,
                                   userops_error **out_error);
int32_t userops_playbook_evaluate(const userops_playbook *playbook, const userops_log *log, int64_t as_of_micros,
                                  const char *manual_tags, size_t manual_tags_len, const char *calibration, size_t calibration_len,
                                  uint8_t without_profiles, userops_outcome **out_outcome, userops_error **out_error);
void userops_playbook_free(userops_playbook *playbook);
int32_t userops_outcome_summary(const userops_outcome *outcome, userops_table **out_table, userops_error **out_error);
void userops_outcome_free(userops_outcome *outcome);
int32_t userops_table_to_bytes(const userops_table *table, const char *format, size_t format_len,
                               userops_bytes **out_bytes, userops_error **out_error);
void userops_table_free(userops_table *table);
C;

const SCHEMA = '{"zone": "UTC", "currency": "USD"}';
const MAPPING = '{"user": "customer_id", "time": {"column": "date", "format": "compact_date"},
    "event": {"constant": "purchase"}, "amount": {"column": "dollar_value"}}';
const BLANKS = '{"csv": {"delimiter": "blanks"}}';

/** Calls of the library: a status other than 0 becomes an exception with what the library says. */
final class Userops
{
    public function __construct(public readonly FFI $ffi)
    {
    }

    public function call(string $function, mixed ...$arguments): void
    {
        $error = $this->ffi->new('userops_error *');
        $arguments[] = FFI::addr($error);
        if ($this->ffi->{"userops_$function"}(...$arguments) !== 0) {
            $message = $this->ffi->userops_error_kind($error) . ': ' . $this->ffi->userops_error_message($error);
            $this->ffi->userops_error_free($error);
            throw new RuntimeException($message);
        }
    }
}

function summarize(string $library, string $logPath, string $playbookPath): string
{
    $userops = new Userops(FFI::cdef(DECLARATIONS, $library));
    $ffi = $userops->ffi;
    [$reader, $log, $playbook] = [$ffi->new('userops_reader *'), $ffi->new('userops_log *'), $ffi->new('userops_playbook *')];
    [$outcome, $table, $csv] = [$ffi->new('userops_outcome *'), $ffi->new('userops_table *'), $ffi->new('userops_bytes *')];
    [$first, $asOf] = [$ffi->new('int64_t'), $ffi->new('int64_t')];
    $text = file_get_contents($playbookPath);
    try {
        $userops->call('reader_new', SCHEMA, strlen(SCHEMA), MAPPING, strlen(MAPPING), FFI::addr($reader));
        $userops->call('reader_add_file', $reader, $logPath, strlen($logPath), BLANKS, strlen(BLANKS));
        $userops->call('reader_read', $reader, FFI::addr($log), null);
        $userops->call('log_time_span', $log, FFI::addr($first), FFI::addr($asOf));
        $userops->call('playbook_from_toml', $text, strlen($text), FFI::addr($playbook));
        $userops->call('playbook_evaluate', $playbook, $log, $asOf->cdata, null, 0, null, 0, 1, FFI::addr($outcome));
        $userops->call('outcome_summary', $outcome, FFI::addr($table));
        $userops->call('table_to_bytes', $table, 'csv', 3, FFI::addr($csv));
        return $ffi->userops_bytes_data($csv);
    } finally {
        $ffi->userops_reader_free($reader);
        $ffi->userops_log_free($log);
        $ffi->userops_playbook_free($playbook);
        $ffi->userops_outcome_free($outcome);
        $ffi->userops_table_free($table);
        $ffi->userops_bytes_free($csv);
    }
}

if ($argc !== 4) {
    fwrite(STDERR, "usage: php summary.php LIBRARY LOG PLAYBOOK\n");
    exit(2);
}
try {
    echo summarize($argv[1], $argv[2], $argv[3]);
} catch (RuntimeException $exception) {
    fwrite(STDERR, "error: {$exception->getMessage()}\n");
    exit(1);
}
