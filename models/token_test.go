package models_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// Whoever held an older epoch of a pair changes nothing: an operator brought a new pair meanwhile, and somebody else
// renews that.
func TestAccountTokenEpochs(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		a := models.Account{
			TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: "oa", Channel: policy.ZNS, Adapter: "zalo", Settings: []byte("{}"), State: models.AccountActive, Version: 1,
			CreatedAt: time.Now().UnixMilli(),
		}
		var err error
		a.Secrets, err = s.SealSecrets(a, []byte("{}"))
		want(t, err, nil)
		want(t, s.InsertAccount(ctx, a), nil)
		pair := models.AccountToken{TenantID: tenant, AccountID: a.ID, Sealed: []byte("first"), ExpiresAt: 50, UpdatedAt: 1}
		want(t, s.PutToken(ctx, pair), nil)
		claim := func(epoch int64, wins bool) {
			t.Helper()
			if won, err := s.ClaimRefresh(ctx, tenant, a.ID, epoch, 100, 60); won != wins || err != nil {
				t.Fatalf("the claim of epoch %d: %v, %v", epoch, won, err)
			}
		}
		finish := func(epoch int64, sealed string, wanted error) {
			t.Helper()
			done := pair
			done.Epoch, done.Sealed = epoch, []byte(sealed)
			want(t, s.FinishRefresh(ctx, done), wanted)
		}
		claim(0, true)
		pair.Sealed = []byte("brought")
		want(t, s.PutToken(ctx, pair), nil)
		claim(0, false)
		claim(1, false)
		claim(2, true)
		finish(1, "of the first owner", models.ErrStale)
		want(t, s.FailRefresh(ctx, tenant, a.ID, 1, models.TokenNeedsReauth, 70), models.ErrStale)
		finish(3, "of the second owner", nil)
		finish(3, "again", models.ErrStale)
		if got, err := s.Token(ctx, tenant, a.ID); err != nil || got.State != models.TokenOK || got.Epoch != 3 || string(got.Sealed) != "of the second owner" {
			t.Errorf("token %+v, %v", got, err)
		}
	})
}
