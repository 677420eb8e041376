package main

import (
	"fmt"
	"io"
	"os"

	"cascade/policy"
)

// policyCmd groups what is done with policies.
type policyCmd struct {
	Check policyCheckCmd `cmd:"" help:"Check a policy's JSON and tell what it does."`
}

// policyCheckCmd checks a policy without a service.
type policyCheckCmd struct {
	File string `arg:"" help:"File with the policy; - reads standard input."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// checked is the answer of a check as JSON.
type checked struct {
	Valid    bool                `json:"valid"`
	Sentence string              `json:"sentence,omitempty"`
	Errors   []policy.FieldError `json:"errors"`
	Warnings []policy.Warning    `json:"warnings"`
}

// Run prints what the policy does, and what is wrong with it. An invalid policy is a failure; a warning is none.
func (c *policyCheckCmd) Run(std *streams) error {
	raw, err := readFile(c.File)
	if err != nil {
		return &codedError{exitMissing, err}
	}
	p, faults := policy.ParsePolicy(raw)
	result := checked{Valid: len(faults) == 0, Errors: faults, Warnings: []policy.Warning{}}
	if result.Valid {
		result.Sentence, result.Errors = p.Sentence(), []policy.FieldError{}
		result.Warnings = append(result.Warnings, p.Warnings(nil)...)
	}
	if c.JSON {
		err = printJSON(std.out, result)
	} else {
		result.print(std)
	}
	if err == nil && !result.Valid {
		err = fmt.Errorf("%s is no valid policy", c.File)
	}
	return err
}

func (r checked) print(std *streams) {
	if r.Valid {
		fmt.Fprintln(std.out, r.Sentence)
	}
	for _, f := range r.Errors {
		fmt.Fprintf(std.out, "error    %s: %s\n", f.Field, f.Message)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(std.out, "warning  %s: %s\n", w.Field, w.Message)
	}
}

func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
