// The adapter of gobreaker: lines in, lines out (see src/matrix/breakers/piped.rs). It is a test
// because only a test gets a clock of testing/synctest, which moves when everything sleeps.
package peers

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sony/gobreaker/v2"
)

var errFailure, errIgnored = errors.New("failure"), errors.New("ignored")

func breaker(words []string) *gobreaker.TwoStepCircuitBreaker[any] {
	set := map[string]float64{}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		set[key], _ = strconv.ParseFloat(value, 64)
	}
	settings := gobreaker.Settings{
		MaxRequests: uint32(set["successes"]),
		Timeout:     time.Duration(set["open_ns"]),
		IsExcluded:  func(err error) bool { return errors.Is(err, errIgnored) },
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(set["run"]) },
	}
	if set["run"] == 0 {
		settings.Interval = time.Duration(set["window_ns"])
		settings.BucketPeriod = settings.Interval / 10
		settings.ReadyToTrip = func(c gobreaker.Counts) bool {
			judged := float64(c.TotalSuccesses + c.TotalFailures)
			return judged >= set["minimum"] && float64(c.TotalFailures) >= set["rate"]*judged
		}
	}
	return gobreaker.NewTwoStepCircuitBreaker[any](settings)
}

func TestAdapter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cb *gobreaker.TwoStepCircuitBreaker[any]
		done := map[string]func(error){}
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			words := strings.Fields(lines.Text())
			answer := ""
			switch words[0] {
			case "new":
				cb, done = breaker(words[1:]), map[string]func(error){}
			case "begin":
				if end, err := cb.Allow(); err == nil {
					done[words[1]], answer = end, "admitted"
				}
			case "end":
				done[words[1]](map[string]error{"failure": errFailure, "ignored": errIgnored}[words[2]])
			case "advance":
				ns, _ := strconv.ParseInt(words[1], 10, 64)
				time.Sleep(time.Duration(ns))
			case "state":
				answer = strings.ReplaceAll(cb.State().String(), "-", "_")
			}
			fmt.Println("ok", answer)
		}
	})
}
