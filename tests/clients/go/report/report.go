// Package report is what the Go clients share: their task from the command line, and their findings as JSON.
package report

import (
	"encoding/json"
	"fmt"
	"os"
)

// Keys holds a key with every kind of character that clients disagree on how to encode, and its neighbours in order.
var Keys = []string{"tour/a b+c&d%20=#?.txt", "tour/deep/one", "tour/deep/two", "tour/hello.txt", "tour/日本語.txt"}

// Task is what the test asks of a client.
type Task struct {
	URL     string            `json:"url"`
	Session map[string]string `json:"session"`
}

// ReadTask returns the task given as JSON in the last argument.
func ReadTask() Task {
	var task Task
	if err := json.Unmarshal([]byte(os.Args[len(os.Args)-1]), &task); err != nil {
		panic(err)
	}
	return task
}

// Report holds findings by name. A finding that cannot be made is the error's text, which no test expects.
type Report struct {
	findings map[string]interface{}
	refusal  func(error) []interface{}
}

// New returns an empty report; refusal takes status and code from a client's error.
func New(refusal func(error) []interface{}) *Report {
	return &Report{map[string]interface{}{}, refusal}
}

// Find notes a value, or the error that came instead.
func (r *Report) Find(name string, value interface{}, err error) {
	if err != nil {
		value = err.Error()
	}
	r.findings[name] = value
}

// Refusal returns status and code of an error.
func (r *Report) Refusal(err error) interface{} {
	if err == nil {
		return "not refused"
	}
	return r.refusal(err)
}

// Refused notes status and code of the error that a call ended with.
func (r *Report) Refused(name string, err error) {
	r.findings[name] = r.Refusal(err)
}

// Print writes the findings as the last line of standard output.
func (r *Report) Print() {
	line, err := json.Marshal(r.findings)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
