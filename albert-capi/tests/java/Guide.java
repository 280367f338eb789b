import io.github.albertedge.Example;
import io.github.albertedge.FitOptions;
import io.github.albertedge.Fitted;
import io.github.albertedge.Label;
import io.github.albertedge.Model;
import io.github.albertedge.Pipeline;
import io.github.albertedge.Task;
import java.io.File;
import java.util.List;

class Guide {
    public static void main(String[] arguments) {
        List<Example> examples = List.of(
                new Example("switch the light on", "light"), new Example("play some jazz", "music"),
                new Example("it is dark in here", "light"), new Example("i want to hear a song", "music"),
                new Example("turn off the lamp", "light"), new Example("put the radio on", "music"),
                new Example("lights out please", "light"), new Example("next track please", "music"));
        try (Model encoder = Model.open(new File(arguments[0]))) {
            Fitted fitted = encoder.fit(examples, new FitOptions().folds(2));
            System.out.println("accuracy on held-out examples: " + fitted.report().accuracy());
            // An app writes fitted.file() to storage, and calls withHead(file) when it starts again.
            try (Model own = encoder.withHead(fitted.file());
                    Pipeline<List<Label>> classify = new Pipeline<>(own, Task.TEXT_CLASSIFICATION)) {
                System.out.println(classify.run("play some blues").get(0).label());
            }
        }
    }
}
