package httpgw

import (
	"context"

	"cascade/channels"
	"cascade/policy"
)

// querier is an adapter whose gateway can be asked what became of a message.
type querier struct {
	*adapter
	request  *request
	notFound []condition
	facts    facts
}

// newQuerier adds the status call; which id it reads says by what it can ask.
func newQuerier(a *adapter, t tree) (channels.Adapter, error) {
	const path = "status"
	if t.Status.Request == nil {
		return nil, bad(path+".request", "is required: the call that asks")
	}
	q := &querier{adapter: a}
	var err error
	if q.request, err = compileRequest(t.Status.Request, path+".request", scope(queryNames, t)); err != nil {
		return nil, err
	}
	a.secrets = append(a.secrets, q.request.credentials(a.constants))
	if q.notFound, err = compileConditions(t.Status.NotFound, path+".not_found"); err != nil {
		return nil, err
	}
	s := t.Status
	if q.facts, err = compileFacts(path, s.factSettings()); err != nil {
		return nil, err
	}
	a.capabilities.QueryByProviderID = q.request.reads("provider_id")
	a.capabilities.QueryByReference = q.request.reads("id") && !a.capabilities.QueryByProviderID
	if !a.capabilities.QueryByProviderID && !a.capabilities.QueryByReference {
		return nil, bad(path+".request", "must name the message: use {{id}} or {{provider_id}}")
	}
	return q, nil
}

// Query makes the configured call. A status that is not in the map means: known, nothing more.
func (q *querier) Query(ctx context.Context, about channels.Query) (channels.Answer, error) {
	if about.ProviderID == "" && q.capabilities.QueryByProviderID {
		return channels.Answer{}, &channels.Failure{Class: policy.ClassUnknown, Code: "no_provider_id", Detail: "the gateway told no id to ask by"}
	}
	req, err := q.request.build(ctx, vars{text: q.queryVars(about.Reference, about.ProviderID, about.To)})
	if err != nil {
		return channels.Answer{}, q.clean(&channels.Failure{Class: policy.ClassRequest, Code: "bad_request", Detail: err.Error()}, about.To)
	}
	resp, f := channels.Call(ctx, q.client, req)
	if f != nil {
		return channels.Answer{}, q.clean(f, about.To)
	}
	return q.read(newAnswer(resp), about)
}

func (q *querier) read(a answer, about channels.Query) (channels.Answer, error) {
	if absent, _ := holds(q.notFound, a); absent && len(q.notFound) > 0 {
		return channels.Answer{}, nil
	}
	if f := a.StatusFailure(q.now()); f != nil {
		return channels.Answer{}, q.clean(f, about.To)
	}
	n := notice{doc: a.doc}
	status, ok := q.facts.status(n)
	if !ok {
		return channels.Answer{}, &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "status.status finds nothing in the answer"}
	}
	rec, _ := q.facts.receipt(n, status)
	if rec.Kind == "" {
		return channels.Answer{Found: true}, nil
	}
	rec.Reference, rec.ProviderID = about.Reference, about.ProviderID
	if q.capabilities.QueryByProviderID {
		rec.Reference = ""
	} else {
		rec.ProviderID = ""
	}
	rec.Key = "query:" + about.Reference + ":" + q.facts.word(n, status)
	rec.Detail = channels.Redact(rec.Detail, q.secrets...)
	return channels.Answer{Found: true, Receipt: rec}, nil
}
