//go:build race

package longtest

// detector is how much smaller an ordinary run is under the race detector, which slows it down several times.
const detector = 3
