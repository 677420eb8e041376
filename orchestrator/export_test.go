package orchestrator

// HigherCost is higherCost, for tests.
var HigherCost = higherCost
