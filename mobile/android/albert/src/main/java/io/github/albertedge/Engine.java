package io.github.albertedge;

/** How inferences are run. Results do not depend on threads, memory, rows of a tile and grouping. */
public final class Engine {
    /** ALBERT_EXIT_ numbers of albert.h. */
    private static final int EXIT_PATIENCE = 1;
    private static final int EXIT_CONFIDENCE = 2;

    private int threads;
    private long memoryLimit;
    private String kernels;
    private int tileRows;
    private int groupTokens;
    private int layers;
    private int earlyExit;
    private float earlyExitValue;

    /** Most threads that a call uses, the caller's counted; without this, one a core. */
    public Engine threads(int threads) {
        this.threads = positive(threads, "threads");
        return this;
    }

    /** Most bytes of working memory that a call takes; without this, 1 GiB, or 256 MiB on 32 bits. */
    public Engine memoryLimit(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("memoryLimit must be 1 or more");
        }
        memoryLimit = bytes;
        return this;
    }

    /** Rows that go through a layer together, up to 128; without this, what is fastest. Fewer rows take less memory. */
    public Engine tileRows(int rows) {
        tileRows = positive(rows, "tileRows");
        return this;
    }

    /**
     * Tokens of several short inputs that run together, for each thread; without this, 128. Such inputs are labels of a
     * zero-shot classification, choices, documents and windows. 1 runs them one by one, in the least memory.
     */
    public Engine groupTokens(int tokens) {
        groupTokens = positive(tokens, "groupTokens");
        return this;
    }

    /** Name of a kernel set; without this, the best that this CPU runs. */
    public Engine kernels(String name) {
        kernels = name;
        return this;
    }

    /** Runs only the first layers. */
    public Engine layers(int layers) {
        this.layers = positive(layers, "layers");
        return this;
    }

    /** Ends an inference after this number of layers in a row that give the same label as the layer before them. */
    public Engine patience(int layers) {
        earlyExit = EXIT_PATIENCE;
        earlyExitValue = positive(layers, "patience");
        return this;
    }

    /** Ends an inference after the first layer whose best label has this probability or more. */
    public Engine confidence(float probability) {
        earlyExit = EXIT_CONFIDENCE;
        earlyExitValue = probability;
        return this;
    }

    long newPipeline(long model, byte[] task, byte[] options) {
        byte[] kernelSet = NativeAlbert.utf8(kernels);
        return NativeAlbert.newPipeline(
                model, task, options, threads, memoryLimit, kernelSet, layers, earlyExit, earlyExitValue, tileRows, groupTokens);
    }

    private static int positive(int number, String what) {
        if (number < 1) {
            throw new IllegalArgumentException(what + " must be 1 or more");
        }
        return number;
    }
}
