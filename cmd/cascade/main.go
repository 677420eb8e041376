// Command cascade is the whole product in one binary: the service, its demo, the provider simulator, and the API from
// a shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // it was tried and did not work
	exitUsage   = 2 // the arguments or settings are wrong; nothing was tried
	exitMissing = 3 // what was asked for is not there, or the service does not answer
)

// streams are where a command writes: data on out, talk on err.
type streams struct{ out, err io.Writer }

// commands is the command line.
type commands struct {
	Config string `help:"YAML file with settings under their variables' names." type:"path" placeholder:"FILE" env:"CASCADE_CONFIG"`

	Serve     serveCmd     `cmd:"" help:"Run the service: API, provider webhooks, console, engine, upkeep."`
	Demo      demoCmd      `cmd:"" help:"Run everything with a demo tenant, simulated providers and a live trace."`
	Simulator simulatorCmd `cmd:"" help:"Run the provider simulator alone."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database's schema up to date."`
	Health    healthCmd    `cmd:"" help:"Ask the service on this machine whether it is alive."`
	Send      sendCmd      `cmd:"" help:"Send a message."`
	Tail      tailCmd      `cmd:"" help:"Follow messages as they change."`
	Explain   explainCmd   `cmd:"" help:"Tell how a message came to where it is."`
	Costs     costsCmd     `cmd:"" help:"Report what was spent, and what SMS alone would have cost."`
	Channels  channelsCmd  `cmd:"" help:"List provider accounts, and check whether they can send."`
	User      userCmd      `cmd:"" help:"Work with the people who sign in to the console."`
	Policy    policyCmd    `cmd:"" help:"Work with policies."`
	Bench     benchCmd     `cmd:"" help:"Measure the service on this machine beside what its database can do."`
	Verify    verifyCmd    `cmd:"" help:"Check the stored data against what must always hold."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// gcPercent lets the heap grow to four times what lives before it is collected. What lives is small here, so that
// memory is cheaper than the time; GOGC and GOMEMLIMIT have the last word.
const gcPercent = 300

func main() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it the hard way
	code := run(ctx, os.Args[1:], &streams{os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run parses the arguments, runs the command and answers the exit code.
func run(ctx context.Context, args []string, std *streams) (code int) {
	if err := loadEnvironment(args); err != nil {
		return complain(std, err, exitUsage)
	}
	parser, err := kong.New(&commands{},
		kong.Name("cascade"),
		kong.Description("Messages that arrive: Zalo first, then Viber, then SMS.\n\nExit codes: 0 done, 1 failed, 2 wrong arguments or settings, 3 not found or not reachable."),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		return complain(std, err, exitFailure)
	}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case exit: // kong has printed the help
			code = int(cause)
		default:
			panic(cause)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return complain(std, err, exitUsage)
	}
	if err := command.Run(); err != nil {
		return complain(std, err, exitFailure)
	}
	return exitOK
}

// exit is how kong's wish to end the process comes back to run.
type exit int

// codedError is an error with the exit code that it means.
type codedError struct {
	code int
	error
}

func (e *codedError) Unwrap() error { return e.error }

func complain(std *streams, err error, code int) int {
	if coded, ok := errors.AsType[*codedError](err); ok {
		code = coded.code
	}
	fmt.Fprintln(std.err, "cascade:", err)
	return code
}
