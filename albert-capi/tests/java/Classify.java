import io.github.albertedge.Albert;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Classifies lines of standard input as `albert run MODEL --json` does. */
final class Classify {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try (FileChannel channel = FileChannel.open(Path.of(arguments[0]));
                Albert albert = new Albert(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()), 128)) {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line;
            for (int row = 1; (line = in.readLine()) != null; row++) {
                Albert.Label best = albert.classify(line, 1).get(0);
                out.printf("{\"label\":\"%s\",\"score\":%s,\"row\":%d}%n", best.name, best.score, row);
            }
            // A file that is cut is refused with the status' name, and the program goes on.
            try {
                new Albert(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size() - 1), 128).close();
                throw new AssertionError("a broken file was taken");
            } catch (IllegalArgumentException expected) {
                if (!expected.getMessage().equals("model file length differs from its header")) {
                    throw expected;
                }
            }
        }
    }
}
