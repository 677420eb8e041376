package policy

import "slices"

// lasting are the codes of refusals that say that a person is not on a channel at all, rather than away, blocked or asleep.
var lasting = []string{
	"no_zalo_account", "not_on_channel", "not_a_viber_user", // no account there
	"app_outdated", "app_too_old", "unsupported_device", // an application that cannot show it
	"landline", "not_mobile", // no text messages
}

// Lasting reports whether a refusal holds for the next messages to the same person on the same channel too.
func Lasting(class Class, code string) bool {
	return class == ClassRecipient && slices.Contains(lasting, code)
}
