// A caller of userops from Go: reads the CDNOW purchase log, evaluates a playbook, and prints its summary as CSV.
//
//	CGO_CFLAGS="$(pkg-config --cflags userops)" CGO_LDFLAGS="$(pkg-config --libs userops)" go build -o summary .
//	./summary ../data/cdnow_master.txt ../playbooks/cdnow.toml
package main

/*
#include <stdlib.h>
#include <userops.h>
*/
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

const schema = `{"zone": "UTC", "currency": "USD"}`
const mapping = `{"user": "customer_id", "time": {"column": "date", "format": "compact_date"},
	"event": {"constant": "purchase"}, "amount": {"column": "dollar_value"}}`
const blanks = `{"csv": {"delimiter": "blanks"}}`

// Text holds a text where C can see it, until it is freed.
type Text struct {
	data *C.char
	len  C.size_t
}

func newText(text string) Text {
	return Text{C.CString(text), C.size_t(len(text))}
}

func (text Text) free() {
	C.free(unsafe.Pointer(text.data))
}

// asError turns a status and the error object behind it into an error of Go, and frees the object.
func asError(status C.userops_status, failure *C.userops_error) error {
	if status == C.USEROPS_STATUS_OK {
		return nil
	}
	defer C.userops_error_free(failure)
	return fmt.Errorf("%s: %s", C.GoString(C.userops_error_kind(failure)), C.GoString(C.userops_error_message(failure)))
}

func readLog(path string) (*C.userops_log, error) {
	texts := [4]Text{newText(schema), newText(mapping), newText(path), newText(blanks)}
	for _, text := range texts {
		defer text.free()
	}
	var reader *C.userops_reader
	var log *C.userops_log
	var failure *C.userops_error
	status := C.userops_reader_new(texts[0].data, texts[0].len, texts[1].data, texts[1].len, &reader, &failure)
	defer func() { C.userops_reader_free(reader) }()
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_reader_add_file(reader, texts[2].data, texts[2].len, texts[3].data, texts[3].len, &failure)
	}
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_reader_read(reader, &log, nil, &failure)
	}
	return log, asError(status, failure)
}

func summarize(log *C.userops_log, playbookText string) (string, error) {
	text, format := newText(playbookText), newText("csv")
	defer text.free()
	defer format.free()
	var first, asOf C.int64_t
	var playbook *C.userops_playbook
	var outcome *C.userops_outcome
	var table *C.userops_table
	var csv *C.userops_bytes
	var failure *C.userops_error
	defer func() {
		C.userops_playbook_free(playbook)
		C.userops_outcome_free(outcome)
		C.userops_table_free(table)
		C.userops_bytes_free(csv)
	}()
	status := C.userops_log_time_span(log, &first, &asOf, &failure)
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_playbook_from_toml(text.data, text.len, &playbook, &failure)
	}
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_playbook_evaluate(playbook, log, asOf, nil, 0, nil, 0, 1, &outcome, &failure)
	}
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_outcome_summary(outcome, &table, &failure)
	}
	if status == C.USEROPS_STATUS_OK {
		status = C.userops_table_to_bytes(table, format.data, format.len, &csv, &failure)
	}
	if err := asError(status, failure); err != nil {
		return "", err
	}
	return C.GoStringN(C.userops_bytes_data(csv), C.int(C.userops_bytes_len(csv))), nil
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return fmt.Errorf("usage: summary LOG PLAYBOOK")
	}
	playbook, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	log, err := readLog(arguments[0])
	defer C.userops_log_free(log)
	if err != nil {
		return err
	}
	summary, err := summarize(log, string(playbook))
	fmt.Print(summary)
	return err
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
