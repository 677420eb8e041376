package orchestrator

import (
	"sync"

	"cascade/models"
)

// recentMost is how many states one generation of recent holds: some megabytes, and seconds of a busy service.
const recentMost = 4096

// recent remembers the states that this replica committed last, so that a receipt soon after needs no load. What it
// remembers may be out of date: a change made from it is then refused by its version, and made again from what is
// stored. States in it are not changed by anybody.
type recent struct {
	mu         sync.Mutex
	young, old map[models.Ref]*models.State
	era        int64
}

// renew forgets everything when an era begins: the database may be another one, which never had the last commits.
func (r *recent) renew(era int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if era != r.era {
		r.young, r.old, r.era = nil, nil, era
	}
}

// get answers the state of a message, nil if it is not remembered.
func (r *recent) get(ref models.Ref) *models.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	if st := r.young[ref]; st != nil {
		return st
	}
	return r.old[ref]
}

// put remembers a state unless a newer one is known.
func (r *recent) put(ref models.Ref, st *models.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.young[ref]; known != nil && known.Message.Version > st.Message.Version {
		return
	}
	if len(r.young) >= recentMost || r.young == nil {
		r.old, r.young = r.young, make(map[models.Ref]*models.State, recentMost)
	}
	r.young[ref] = st
}

// forget drops a state that turned out to be old.
func (r *recent) forget(ref models.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.young, ref)
	delete(r.old, ref)
}
