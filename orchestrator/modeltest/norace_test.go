//go:build !race

package modeltest

// ordinaryChecks is how many sequences an ordinary run plays, unless -rapid.checks says so: about 15 s.
const ordinaryChecks = 800
