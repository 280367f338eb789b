package io.github.albertedge;

/** A call failed. The message says what went wrong and what to do; the subclasses tell whose matter it is. */
public class AlbertException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final long row;

    private AlbertException(int status, String message, long row) {
        super(message);
        this.status = status;
        this.row = row;
    }

    /** Number of the status, as albert.h lists them. */
    public final int status() {
        return status;
    }

    /** Which of several requests failed, from 0; -1 when it was none of them. */
    public final long row() {
        return row;
    }

    /** The model file is missing, damaged, of another version, or does not serve the task. */
    public static final class Model extends AlbertException {
        private static final long serialVersionUID = 1;

        private Model(int status, String message, long row) {
            super(status, message, row);
        }
    }

    /** A request lacks something or has too much of it. */
    public static final class Input extends AlbertException {
        private static final long serialVersionUID = 1;

        private Input(int status, String message, long row) {
            super(status, message, row);
        }
    }

    /** There is no such option, value, task or kernel set. */
    public static final class Options extends AlbertException {
        private static final long serialVersionUID = 1;

        private Options(int status, String message, long row) {
            super(status, message, row);
        }
    }

    /** Memory or threads are not to be had. */
    public static final class Resources extends AlbertException {
        private static final long serialVersionUID = 1;

        private Resources(int status, String message, long row) {
            super(status, message, row);
        }
    }

    /** The call was cancelled. */
    public static final class Cancelled extends AlbertException {
        private static final long serialVersionUID = 1;

        private Cancelled(int status, String message, long row) {
            super(status, message, row);
        }
    }

    /** The numbers are those of albert_status in albert.h, which never change. */
    static AlbertException of(int status, String message, long row) {
        if (status >= 300 && status < 500 && status != 306 && status != 400
                || status == 504 || status == 6 || status == 9 || status == 10) {
            return new Input(status, message, row);
        }
        return switch (status) {
            case 7, 200, 505, 506, 507 -> new Resources(status, message, row);
            case 4, 201, 202, 306, 501, 503 -> new Options(status, message, row);
            case 400, 500, 502 -> new Model(status, message, row);
            case 508 -> new Cancelled(status, message, row);
            default -> status >= 100 && status < 200
                    ? new Model(status, message, row)
                    : new AlbertException(status, message, row);
        };
    }
}
