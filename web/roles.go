package web

import (
	"slices"

	"cascade/models"
)

// What a route asks for beyond the scopes of keys; see route.
const (
	accessPublic  = "public"
	accessAnybody = "anybody"            // as accessSession, and nobody
	accessSession = "session"            // anybody who is signed in; no key
	accessReveal  = "messages:reveal"    // people only: keys see whole numbers anyhow
	accessPeople  = "tenant:admin"       // the people, keys and audit log of a tenant: its admins, and whoever has accessAdmin
	accessAdmin   = "installation:admin" // the admin key, and admins of the whole installation
)

// The roles of people.
const (
	roleViewer   = "viewer"
	roleFinance  = "finance"
	roleOperator = "operator"
	roleAdmin    = "admin"
)

// roles lists what a person may be.
func roles() []string { return []string{roleViewer, roleFinance, roleOperator, roleAdmin} }

// permissionsOf is what a role may do; nothing for a role that is none. whole says that its bearer is of the whole
// installation.
func permissionsOf(role string, whole bool) []string {
	switch role {
	case roleViewer:
		return []string{scopeMessages, scopeConfig}
	case roleFinance:
		return []string{scopeMessages, scopeConfig, scopeReports}
	case roleOperator, roleAdmin:
		all := []string{scopeMessages, scopeSend, scopeConfig, scopeConfigure, scopeReports, accessReveal}
		if role == roleAdmin {
			all = append(all, accessPeople)
		}
		if role == roleAdmin && whole {
			all = append(all, accessAdmin)
		}
		return all
	default:
		return []string{}
	}
}

// person is who is signed in, for the length of a request.
type person struct {
	user    models.User // the zero id: the admin key
	session models.Session
	token   string
	keeps   bool // the request keeps the session alive
}

// whole reports whether the person is of the whole installation.
func (p person) whole() bool { return p.user.TenantID == models.Installation }

// may reports whether the person's role lets them use a route.
func (p person) may(access string) bool {
	return ofSession(access) || slices.Contains(permissionsOf(p.user.Role, p.whole()), access)
}

// ofSession reports whether a route is about the session itself.
func ofSession(access string) bool { return access == accessSession || access == accessAnybody }

// needsTenant reports whether a route acts for one tenant, which a person of the whole installation has to choose.
func needsTenant(access string) bool {
	return !ofSession(access) && access != accessPeople && access != accessAdmin
}
