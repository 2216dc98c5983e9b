// The adapter of Resilience4j: lines in, lines out (see src/matrix/breakers/piped.rs).

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.core.IntervalFunction;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

public final class Resilience4j {
    private static final class Virtual extends Clock {
        private Instant now = Instant.parse("2000-01-01T00:00:00Z");

        @Override public ZoneId getZone() { return ZoneOffset.UTC; }
        @Override public Clock withZone(ZoneId zone) { return this; }
        @Override public Instant instant() { return now; }
    }

    private static final class Ignored extends Exception {}

    private static final Virtual CLOCK = new Virtual();
    private static CircuitBreaker breaker;

    private static CircuitBreaker make(String[] words) {
        Map<String, Double> set = new HashMap<>();
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=");
            set.put(pair[0], Double.parseDouble(pair[1]));
        }
        Duration open = Duration.ofNanos(set.get("open_ns").longValue());
        boolean counts = set.get("window_calls") > 0;
        double rate = set.get("rate") > 0 ? set.get("rate") : 1.0;
        int window = (int) (counts ? set.get("window_calls") : set.get("window_ns") / 1e9);
        CircuitBreakerConfig.Builder config = CircuitBreakerConfig.custom()
            .clock(CLOCK)
            .currentTimestampFunction(clock -> clock.instant().getEpochSecond() * 1_000_000_000L
                + clock.instant().getNano(), TimeUnit.NANOSECONDS)
            .failureRateThreshold((float) (rate * 100))
            .slidingWindow(window, set.get("minimum").intValue(),
                counts ? SlidingWindowType.COUNT_BASED : SlidingWindowType.TIME_BASED)
            .permittedNumberOfCallsInHalfOpenState(set.get("calls").intValue())
            .ignoreExceptions(Ignored.class);
        if (set.get("backoff") == 1.0) {
            config.waitDurationInOpenState(open);
        } else {
            config.waitIntervalFunctionInOpenState(IntervalFunction.ofExponentialBackoff(open,
                set.get("backoff"), Duration.ofNanos(set.get("open_max_ns").longValue())));
        }
        if (set.get("slow_rate") > 0) {
            config.slowCallRateThreshold((float) (set.get("slow_rate") * 100));
            config.slowCallDurationThreshold(Duration.ofNanos(set.get("slow_ns").longValue()));
        } else {
            // By default every call over a minute is slow.
            config.slowCallDurationThreshold(Duration.ofDays(10_000));
        }
        return CircuitBreaker.of("matrix", config.build());
    }

    private static void end(String outcome, long took) {
        switch (outcome) {
            case "success" -> breaker.onSuccess(took, TimeUnit.NANOSECONDS);
            case "failure" -> breaker.onError(took, TimeUnit.NANOSECONDS, new Exception("failure"));
            default -> breaker.onError(took, TimeUnit.NANOSECONDS, new Ignored());
        }
    }

    private static void hand(String what) {
        switch (what) {
            case "open" -> breaker.transitionToOpenState();
            case "closed" -> breaker.transitionToClosedState();
            case "half_open" -> breaker.transitionToHalfOpenState();
            case "reset" -> breaker.reset();
            case "forced_open" -> breaker.transitionToForcedOpenState();
            case "disabled" -> breaker.transitionToDisabledState();
            default -> breaker.transitionToMetricsOnlyState();
        }
    }

    /// Metrics-only lets every call pass and records it, which is what closed is under a hold.
    private static String state() {
        String name = breaker.getState().name().toLowerCase();
        return name.equals("metrics_only") ? "closed" : name;
    }

    private static String answer(String[] words) {
        switch (words[0]) {
            case "new" -> breaker = make(words);
            case "begin" -> { return breaker.tryAcquirePermission() ? "admitted" : "rejected"; }
            case "end" -> end(words[2], Long.parseLong(words[3]));
            case "leave" -> breaker.releasePermission();
            case "advance" -> CLOCK.now = CLOCK.now.plusNanos(Long.parseLong(words[1]));
            case "hand" -> hand(words[1]);
            default -> { return state(); }
        }
        return "";
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                System.out.println("ok " + answer(line.split(" ")));
            } catch (RuntimeException problem) {
                System.out.println("error " + problem);
            }
            System.out.flush();
        }
    }
}
