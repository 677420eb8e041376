package models

import (
	"context"
	"fmt"
)

// Setting answers a value that belongs to the installation, or ErrNotFound.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	type setting struct{ Value string }
	row, err := one[setting](ctx, s.read.Table("settings").Select("value").Where("key = ?", key))
	return row.Value, err
}

// PutSetting stores a value.
func (s *Store) PutSetting(ctx context.Context, key, value string) error {
	return written(s.write.WithContext(ctx).Exec(`
		INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value))
}

// masterKeyID is the setting that names the key which secrets are sealed under.
const masterKeyID = "master_key_id"

// CheckKey refuses to go on under another master key than the one that the stored secrets are sealed under. The
// first call notes it.
func (s *Store) CheckKey(ctx context.Context) error {
	err := s.write.WithContext(ctx).
		Exec("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", masterKeyID, s.keys.ID()).Error
	if err != nil {
		return err
	}
	id, err := s.Setting(ctx, masterKeyID)
	switch {
	case err != nil:
		return err
	case id != s.keys.ID():
		return fmt.Errorf("CASCADE_MASTER_KEY: this database needs key %s, but the key given is %s", id, s.keys.ID())
	}
	return nil
}
