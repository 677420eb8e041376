package main

import (
	"context"
	"errors"
	"fmt"
)

// userCmd groups what is done with people.
type userCmd struct {
	Add userAddCmd `cmd:"" help:"Add somebody who signs in to the console; their password is made up and shown once."`
}

// userAddCmd adds a person.
type userAddCmd struct {
	Name     string `arg:"" help:"What they sign in with, such as an e-mail address."`
	Role     string `help:"viewer, finance, operator or admin." enum:"viewer,finance,operator,admin" required:""`
	Tenant   string `help:"Id of the tenant that they belong to; left out: the whole installation."`
	URL      string `help:"Address of the service." default:"http://127.0.0.1:8080" env:"CASCADE_URL"`
	AdminKey string `help:"The admin key; better given by the variable than on the command line." env:"CASCADE_ADMIN_KEY"`
	JSON     bool   `name:"json" help:"Print JSON."`
}

// Run adds the person and prints their password.
func (c *userAddCmd) Run(ctx context.Context, std *streams) error {
	if c.AdminKey == "" {
		return &codedError{exitUsage, errors.New("CASCADE_ADMIN_KEY: is not set; it is the service's")}
	}
	body := map[string]string{"name": c.Name, "role": c.Role}
	if c.Tenant != "" {
		body["tenant_id"] = c.Tenant
	}
	var added struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Role     string `json:"role"`
		Password string `json:"password"`
	}
	if err := (client{URL: c.URL, APIKey: c.AdminKey}).post(ctx, "/v1/users", "", body, &added); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std.out, added)
	}
	_, err := fmt.Fprintf(std.out, "%s  %s  password %s\n", added.Name, added.Role, added.Password)
	return err
}
