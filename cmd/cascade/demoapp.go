package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cascade/models"
)

// demoApp is the app of the demo's tenant: it hears of events as any app does.
type demoApp struct {
	url, secret string
}

// mostEvent bounds the body of an event that the demo's app reads.
const mostEvent = 1 << 20

// startApp listens on a free loopback port. The app takes what is signed with its secret, and refuses everything else.
func (d *demo) startApp(ctx context.Context) (ended <-chan error, err error) {
	var random [32]byte
	rand.Read(random[:])
	d.app.secret = "whsec_" + base64.StdEncoding.EncodeToString(random[:])
	hook, err := standardwebhooks.NewWebhook(d.app.secret)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.app.url = "http://" + ln.Addr().String() + "/events"
	done := make(chan error, 1)
	go func() {
		done <- serveUntil(ctx, ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostEvent))
			if err != nil || hook.Verify(body, r.Header) != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}), d.service.log)
	}()
	return done, nil
}

// subscribe has the app told of every event.
func (d *demo) subscribe(ctx context.Context, tenant uuid.UUID, now int64) error {
	row := models.Callback{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), URL: d.app.url, State: models.CallbackActive, CreatedAt: now, UpdatedAt: now}
	var err error
	if row.Secret, err = d.service.store.SealCallbackSecret(row, []byte(d.app.secret)); err != nil {
		return err
	}
	return d.service.store.InsertCallback(ctx, row)
}
