package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// logging says what the log looks like.
type logging struct {
	LogFormat string `help:"text or json; left out, text on a terminal and json elsewhere." env:"CASCADE_LOG_FORMAT"`
	LogLevel  string `help:"debug, info, warn or error." default:"info" env:"CASCADE_LOG_LEVEL"`
}

func (l logging) validate() error {
	if l.LogFormat != "" && l.LogFormat != "text" && l.LogFormat != "json" {
		return fmt.Errorf("CASCADE_LOG_FORMAT: %q is neither text nor json", l.LogFormat)
	}
	if err := new(slog.Level).UnmarshalText([]byte(l.LogLevel)); err != nil {
		return fmt.Errorf("CASCADE_LOG_LEVEL: %q is none of debug, info, warn and error", l.LogLevel)
	}
	return nil
}

// logger writes to w. Its settings have been validated.
func (l logging) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel))
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if l.LogFormat == "text" || l.LogFormat == "" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// readable writes a duration as people do, 5.2ms, where JSON would have a number of nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		return slog.String(a.Key, a.Value.Duration().String())
	}
	return a
}

// isTerminal reports whether a person looks at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
