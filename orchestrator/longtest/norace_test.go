//go:build !race

package longtest

// detector is how much smaller an ordinary run is under the race detector.
const detector = 1
