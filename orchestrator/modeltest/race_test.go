//go:build race

package modeltest

// ordinaryChecks is how many sequences an ordinary run plays, unless -rapid.checks says so. The detector slows them down
// several times.
const ordinaryChecks = 150
