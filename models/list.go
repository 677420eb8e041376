package models

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// List is a short list of words in a text column, as a JSON array. Nil is stored as [].
type List []string

// Value implements driver.Valuer.
func (l List) Value() (driver.Value, error) {
	if l == nil {
		return "[]", nil
	}
	text, err := json.Marshal([]string(l))
	return string(text), err
}

// Scan implements sql.Scanner.
func (l *List) Scan(src any) error {
	var text []byte
	switch src := src.(type) {
	case string:
		text = []byte(src)
	case []byte:
		text = src
	default:
		return fmt.Errorf("a list column holds a %T", src)
	}
	*l = nil
	return json.Unmarshal(text, (*[]string)(l))
}

// GormDataType tells gorm that the column is text.
func (List) GormDataType() string { return "text" }
