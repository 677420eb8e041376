// Package browsertest walks through the console as people do: in a browser, against the real binary with a real database and
// simulated providers. It finds things by the names that are read out, in both languages, and every page it opens fails its
// test if the browser complains: of an error, of a breach of the content policy, of a request to anywhere else.
package browsertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// What all tests share: the binary, and one browser in which each page has a context of its own.
var (
	binary  string
	browser context.Context
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("-short: no browser is started")
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	chromium, err := findChromium()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "cascade-browsertest-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "cascade")
	build := exec.Command("go", "build", "-o", binary, "cascade/cmd/cascade")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("the binary was not built: %w\n%s", err, out)
	}
	allocated, release := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(filepath.Join(dir, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-GB"))...)
	defer release()
	var stop context.CancelFunc
	browser, stop = chromedp.NewContext(allocated)
	defer stop()
	if err := chromedp.Do(browser); err != nil {
		return 1, fmt.Errorf("%s does not start: %w", chromium, err)
	}
	code = m.Run()
	return code, chromedp.Cancel(browser)
}

// findChromium answers where a browser is. Without one the tests fail: a console that nobody looked at is not tested.
func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no chromium, chromium-browser or google-chrome on the PATH; .ci/tools installs one, and go test -short does without")
}
