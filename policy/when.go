package policy

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// Bounds on a condition: its text in bytes, and what one evaluation may cost in CEL's units (one comparison is about
// three). The cost bound stops nested loops over metadata within a millisecond.
const (
	maxCondition     = 1000
	maxConditionCost = 10_000
	maxConditionDeep = 32
)

// ConditionInput is what a condition may look at. The recipient's number is left out on purpose: conditions are
// stored, logged and shown.
type ConditionInput struct {
	Category, Template, Country, Operator string
	Metadata                              map[string]string
	Hour                                  int // tenant-local, 0 to 23
	Test                                  bool
}

// Condition is a compiled expression that is true or false. It may be used by many goroutines at once.
type Condition struct {
	program cel.Program
	ast     *cel.Ast
}

// CompileCondition compiles a CEL expression over category, template, country, operator (strings), metadata (a map of
// strings), hour (int, the tenant's local hour) and test (bool). It must yield a bool and be at most 1,000 bytes long.
func CompileCondition(expr string) (*Condition, error) {
	if strings.TrimSpace(expr) == "" {
		return nil, errors.New("condition is empty: write one, such as category == 'otp'")
	}
	if len(expr) > maxCondition {
		return nil, fmt.Errorf("condition is %d bytes long: shorten it to at most %d", len(expr), maxCondition)
	}
	env, err := conditionEnv()
	if err != nil {
		return nil, fmt.Errorf("conditions are not available: %w", err)
	}
	ast, issues := env.Compile(expr)
	if issues.Err() != nil {
		return nil, firstIssue(issues)
	}
	if !ast.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("condition yields %s: compare something, so that it is true or false", ast.OutputType())
	}
	program, err := env.Program(ast, cel.CostLimit(maxConditionCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("condition cannot be compiled: %w", err)
	}
	return &Condition{program, ast}, nil
}

// Eval decides the condition for one message. It fails where the expression does, as on a metadata key that is not
// there ('x' in metadata asks first) or beyond the cost bound; callers treat that as false.
func (c *Condition) Eval(in ConditionInput) (bool, error) {
	metadata := in.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	value, _, err := c.program.Eval(map[string]any{
		"category": in.Category,
		"template": in.Template,
		"country":  in.Country,
		"operator": in.Operator,
		"metadata": metadata,
		"hour":     int64(in.Hour),
		"test":     in.Test,
	})
	if err != nil {
		return false, fmt.Errorf("condition cannot be decided: %w", err)
	}
	return value == types.True, nil
}

// never reports whether the condition is false for every category, whatever else the message is.
func (c *Condition) never() bool {
	env, err := conditionEnv()
	if err != nil {
		return false
	}
	program, err := env.Program(c.ast, cel.CostLimit(maxConditionCost), cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		return false
	}
	for _, category := range []Category{OTP, Transaction, Care, Promotion} {
		known, err := cel.PartialVars(map[string]any{"category": string(category)}, anything...)
		if err != nil {
			return false
		}
		if value, _, err := program.Eval(known); err != nil || value != types.False {
			return false
		}
	}
	return true
}

// anything stands for what a condition may look at beside the category.
var anything = []*cel.AttributePatternType{
	cel.AttributePattern("template"), cel.AttributePattern("country"), cel.AttributePattern("operator"),
	cel.AttributePattern("metadata"), cel.AttributePattern("hour"), cel.AttributePattern("test"),
}

var conditionEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("category", cel.StringType),
		cel.Variable("template", cel.StringType),
		cel.Variable("country", cel.StringType),
		cel.Variable("operator", cel.StringType),
		cel.Variable("metadata", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("hour", cel.IntType),
		cel.Variable("test", cel.BoolType),
		cel.ParserRecursionLimit(maxConditionDeep),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ASTValidators(cel.ValidateRegexLiterals()),
	)
})

func firstIssue(issues *cel.Issues) error {
	found := issues.Errors()
	if len(found) == 0 {
		return fmt.Errorf("condition cannot be compiled: %w", issues.Err())
	}
	return fmt.Errorf("condition is wrong at column %d: %s", found[0].Location.Column()+1, found[0].Message)
}
