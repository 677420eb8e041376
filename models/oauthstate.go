package models

// stateField binds a sealed OAuth state to its use.
const stateField = "oauth.state"

// SealState seals what comes back from a provider's consent page.
func (s *Store) SealState(plain []byte) ([]byte, error) { return s.keys.Seal(plain, stateField) }

// OpenState is the inverse of SealState.
func (s *Store) OpenState(sealed []byte) ([]byte, error) { return s.keys.Open(sealed, stateField) }
