//go:build race

package main

// raced: the race detector slows a replica's CPU work more than tenfold.
const raced = true
