package orchestrator_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// replies waits until the app heard n answers to a message, and shows every one that came by then.
func (r *deskRig) replies(id uuid.UUID, n int) (heard []orchestrator.ReplyView) {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		heard = nil
		for _, e := range r.app.of(id) {
			if e.Type == orchestrator.EventMessageReplied {
				heard = append(heard, *e.Data.Reply)
			}
		}
		if len(heard) >= n || time.Now().After(deadline) {
			return heard
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// settled waits until every event that was put out is delivered.
func (r *deskRig) settled() {
	r.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if next, err := r.Store.NextDelivery(r.t.Context()); err == nil && next == 0 {
			return
		}
	}
	r.t.Error("deliveries are left")
}

// What a person answers is shown with the message and told to the app once, however often the provider repeats itself.
func TestReplyIsKeptAndToldOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.listen()
		v := r.wantBy("a message", policy.ZNS, "")
		attempt := v.Attempts[0]
		at := time.UnixMilli(time.Now().UnixMilli() + 5)
		rating := channels.Receipt{
			ProviderID: attempt.ProviderMessageID, Kind: policy.ReceiptRead, At: at, Key: "rating",
			Reply: &channels.Reply{Text: "Giao nhanh", Rating: 4, Options: []string{"Đúng giờ", "Lịch sự"}},
		}
		words := channels.Receipt{ProviderID: attempt.ProviderMessageID, At: at.Add(time.Second), Key: "words", Reply: &channels.Reply{Text: "Cảm ơn"}}
		r.tell(orchestratortest.DeskNews{Receipts: []channels.Receipt{rating, rating}})
		for range 3 {
			r.tell(orchestratortest.DeskNews{Receipts: []channels.Receipt{rating, words}})
		}
		want := []orchestrator.ReplyView{
			{At: orchestrator.Time(at.UnixMilli()), Text: "Giao nhanh", Rating: 4, Options: []string{"Đúng giờ", "Lịch sự"}, AttemptID: attempt.ID},
			{At: orchestrator.Time(at.Add(time.Second).UnixMilli()), Text: "Cảm ơn", AttemptID: attempt.ID},
		}
		v, err := r.Engine.Message(t.Context(), r.Tenant.ID, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, v.Replies); diff != "" {
			t.Errorf("replies, -want +got\n%s", diff)
		}
		var story []string
		for _, e := range v.Timeline {
			if e.Type == orchestrator.EventMessageReplied {
				story = append(story, e.Detail)
			}
		}
		if diff := cmp.Diff([]string{`answered 4 of 5; chose Đúng giờ, Lịch sự; "Giao nhanh"`, `answered "Cảm ơn"`}, story); diff != "" {
			t.Errorf("timeline, -want +got\n%s", diff)
		}
		if list, err := r.Engine.Views(t.Context(), r.Tenant.ID, []models.Message{{ID: v.ID}}); err != nil || len(list) != 1 || len(list[0].Replies) != 2 {
			t.Errorf("listed with %+v, %v", list, err)
		}
		r.replies(v.ID, 2)
		r.settled()
		if diff := cmp.Diff(want, r.replies(v.ID, 2)); diff != "" {
			t.Errorf("callbacks, -want +got\n%s", diff)
		}
		r.Verify()
	})
}

// Two replicas that hear the same answers at the same time tell each of them once.
func TestReplicasTellAReplyOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.listen()
		other := r.NewEngine(orchestratortest.Config{Now: r.now})
		if err := other.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := other.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		v := r.wantBy("a message", policy.ZNS, "")
		const answers = 12
		var wg sync.WaitGroup
		for i := range answers {
			body, err := json.Marshal(orchestratortest.DeskNews{Receipts: []channels.Receipt{{
				ProviderID: v.Attempts[0].ProviderMessageID, Kind: policy.ReceiptRead, Key: strconv.Itoa(i), Reply: &channels.Reply{Text: strconv.Itoa(i)},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range []*orchestrator.Engine{r.Engine, other, r.Engine, other} {
				wg.Go(func() {
					_, err := e.Hook(t.Context(), "desk", r.desk.ID, channels.Hook{Header: http.Header{"X-Secret": {orchestratortest.DeskSecret}}, Body: body})
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		r.replies(v.ID, answers)
		r.settled()
		told := map[string]int{}
		for _, reply := range r.replies(v.ID, answers) {
			told[reply.Text]++
		}
		for i := range answers {
			if n := told[strconv.Itoa(i)]; n != 1 {
				t.Errorf("answer %d was told %d times", i, n)
			}
		}
		r.Verify()
	})
}

// An answer may be told before the send's own answer is in.
func TestReplyBeforeItsMessageIsKnown(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.listen()
		news := orchestratortest.DeskNews{Receipts: []channels.Receipt{
			{ProviderID: "early", Kind: policy.ReceiptRead, Key: "early", Reply: &channels.Reply{Text: "Đã nhận"}},
		}}
		r.tell(news)
		r.Desk.NextID("early")
		v := r.wantBy("a message", policy.ZNS, "")
		r.tell(news) // repeated when its message is known, and its receipt is still put aside or just matched
		v = r.Await(v.ID, func(v orchestrator.MessageView) bool { return len(v.Replies) > 0 })
		if len(v.Replies) != 1 || v.Replies[0].Text != "Đã nhận" || v.Replies[0].AttemptID != v.Attempts[0].ID {
			t.Errorf("replies %+v", v.Replies)
		}
		r.tell(news)
		r.replies(v.ID, 1)
		r.settled()
		if heard := r.replies(v.ID, 1); len(heard) != 1 || heard[0].Text != "Đã nhận" {
			t.Errorf("the app heard %+v", heard)
		}
		r.Verify()
	})
}
