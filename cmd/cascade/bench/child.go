package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// child is the process that generates load and plays the providers.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
	// simulator is where its providers are.
	simulator string
}

func startChild(ctx context.Context, argv []string) (*child, error) {
	if len(argv) == 0 {
		return nil, errors.New("bench: Options.Child names no program")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load generator: %w", err)
	}
	c := &child{cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	var h hello
	if err := c.receive(&h); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.simulator = h.Simulator
	return c, nil
}

// do has the child carry out an order, and reads its answer.
func (c *child) do(o order, answer any) error {
	if err := json.NewEncoder(c.in).Encode(o); err != nil {
		return fmt.Errorf("the load generator does not listen: %w", err)
	}
	return c.receive(answer)
}

func (c *child) receive(v any) error {
	if err := c.out.Decode(v); err != nil {
		return fmt.Errorf("the load generator ended early: %w", err)
	}
	return nil
}

// finish tells the child that the last message has ended, and asks what it saw.
func (c *child) finish() (s seen, err error) {
	if err := c.in.Close(); err != nil {
		return s, err
	}
	err = c.receive(&s)
	return s, err
}

func (c *child) stop() error {
	_ = c.in.Close() // it is closed already after a whole run
	return c.cmd.Wait()
}
