import io.github.albertedge.AlbertException;
import io.github.albertedge.Cancellation;
import io.github.albertedge.Example;
import io.github.albertedge.FitOptions;
import io.github.albertedge.Fitted;
import io.github.albertedge.Model;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** As tests/c/fit.c, in Java. */
final class Fitting {
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<Example> examples =
                input.lines().map(line -> line.split("\t")).map(fields -> new Example(fields[1], fields[0])).toList();
        try (Model encoder = Model.open(new File(arguments[0]))) {
            Fitted fitted = encoder.fit(examples, new FitOptions().folds(3));
            for (String label : fitted.labels()) {
                System.out.println("label\t" + label);
            }
            Fitted.Report report = fitted.report();
            System.out.println(
                    "report\t" + report.pooling() + "\t" + report.accuracy() + "\t" + report.macroF1() + "\t" + report.temperature());
            System.out.println("json\t" + fitted.reportJson());
            print("head-f32", encoder.fit(examples, new FitOptions().folds(3).floatWeights()));
            print("head", fitted);
            try (Model own = encoder.withHead(fitted.file())) {
                check(own.labels().equals(fitted.labels()), "labels of the head");
            }
            print("model", encoder.fit(examples, new FitOptions().folds(3).wholeModel()));
            print("portable", encoder.fit(examples, new FitOptions().folds(3).portable()));
            refused(encoder, examples);
        }
    }

    private static void print(String name, Fitted fitted) {
        System.out.println(name + "\t" + HexFormat.of().formatHex(fitted.file()));
    }

    private static void refused(Model encoder, List<Example> examples) {
        try {
            encoder.fit(List.of(examples.get(0), new Example("a", null, List.of("b", "c"))), new FitOptions().multiLabel(false));
            throw new AssertionError("two labels");
        } catch (AlbertException.Input wrong) {
            check(wrong.row() == 1, "row " + wrong.row());
        }
        try {
            encoder.fit(examples, new FitOptions().folds(1));
            throw new AssertionError("one fold");
        } catch (AlbertException.Options wrong) {
            check(wrong.getMessage().contains("folds"), wrong.getMessage());
        }
        Cancellation cancellation = new Cancellation();
        cancellation.cancel();
        try {
            encoder.fit(examples, new FitOptions(), cancellation);
            throw new AssertionError("cancelled");
        } catch (AlbertException.Cancelled ended) {
            check(ended.row() == -1, "no row");
        }
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
