import AlbertC
import Foundation

/// A text, or a pair of texts, to learn from.
public struct Example: Encodable, Sendable {
    public var text: String
    /// The second text of a pair.
    public var pair: String?
    /// One, or for a classifier of several labels any number.
    public var label: [String]

    public init(_ text: String, _ label: String...) {
        (self.text, self.label) = (text, label)
    }
}

/// How to fit, with the names of the options of the command `albert fit`. What is nil is as it is best on held-out examples, or as
/// the command has it.
public struct FitOptions: Encodable, Sendable {
    /// What the classifier reads: mean, first-token, pooler, max or mean-sqrt.
    public var pooling: String?
    /// Strength of the penalty.
    public var strength: Double?
    /// Folds of the cross-validation, 2 or more.
    public var folds: Int?
    /// Counts all labels the same, however many examples they have.
    public var balanced: Bool?
    /// Gives the same bytes on every machine; slower. Otherwise another CPU may round weights in the last place.
    public var portable: Bool?
    /// Whether an example may have several labels.
    public var multiLabel: Bool?
    /// The share of texts in scope that may be called out of scope; sets the threshold.
    public var reject: Double?
    /// Label of examples that are out of scope: it is not learned, but sets the threshold.
    public var outOfScopeLabel: String?
    /// Most tokens of a text; longer ones are cut.
    public var maxLength: Int?
    /// Decides which examples are held out together.
    public var seed: UInt64?
    /// Most threads, the caller's counted. The result does not depend on it.
    public var threads: Int?

    public init() {}
}

/// A classifier for an encoder.
public struct Fitted: Sendable {
    /// Figures of held-out examples; albert_fit_report in albert_fit.h says what each is.
    public struct Report: Sendable {
        public let examples: Int
        public let multiLabel: Bool
        public let pooling: String
        public let strength: Double
        public let temperature: Double
        public let threshold: Double
        public let accuracy: Double
        public let accuracyDeviation: Double
        public let macroF1: Double
        public let macroF1Deviation: Double
        public let calibrationError: Double
    }

    /// What a file holds.
    public enum File: Sendable {
        /// The classifier alone, for `Model(encoder, head:)`.
        case head
        /// The encoder with the classifier.
        case model
    }

    /// How good it is on examples that it has not seen.
    public let report: Report
    /// The whole report, with folds, labels, confusions, reliability and all that was tried.
    public let reportJSON: String
    /// In the order of the logits.
    public let labels: [String]
    /// The bytes of the file.
    public let file: Data
}

extension Model {
    /// A classifier of examples. The encoder stays as it is; a head that the model has does not matter. Blocks its thread.
    ///
    /// `floatWeights` stores the classifier in f32 instead of int8.
    public func fit(
        _ examples: [Example], options: FitOptions = FitOptions(), file: Fitted.File = .head, floatWeights: Bool = false,
        cancellation: Cancellation = Cancellation()
    ) throws -> Fitted {
        var watch = albert_watch(proceed: proceed, context: Unmanaged.passUnretained(cancellation).toOpaque())
        var fitted: OpaquePointer?
        var error: OpaquePointer?
        let status = try withText(json(examples)) { examples in
            try withText(json(options)) { options in
                withExtendedLifetime((self, cancellation)) {
                    albert_fit_json(pointer, examples, options, &watch, &fitted, &error)
                }
            }
        }
        try AlbertError.check(status, error)
        defer { albert_fitted_free(fitted) }
        var report = albert_fit_report()
        try AlbertError.check(albert_fitted_report(fitted, &report))
        var text = albert_text()
        try AlbertError.check(albert_fitted_report_json(fitted, &text, &error), error)
        var labels: UnsafePointer<albert_text>?
        var count = 0
        try AlbertError.check(albert_fitted_labels(fitted, &labels, &count))
        let get = file == .head ? albert_fitted_head_file : albert_fitted_model_file
        let weights = UInt32(floatWeights ? ALBERT_WEIGHTS_F32 : ALBERT_WEIGHTS_INT8)
        var bytes: UnsafePointer<UInt8>?
        var size = 0
        try AlbertError.check(get(fitted, weights, &bytes, &size, &error), error)
        return Fitted(
            report: Fitted.Report(report), reportJSON: string(text),
            labels: UnsafeBufferPointer(start: labels, count: count).map(string), file: Data(bytes: bytes!, count: size))
    }

    /// The same on another thread. Cancelling the task ends it.
    public func fitted(
        _ examples: [Example], options: FitOptions = FitOptions(), file: Fitted.File = .head, floatWeights: Bool = false
    ) async throws -> Fitted {
        try await elsewhere {
            try self.fit(examples, options: options, file: file, floatWeights: floatWeights, cancellation: $0)
        }
    }
}

extension Fitted.Report {
    fileprivate init(_ from: albert_fit_report) {
        self.init(
            examples: from.examples, multiLabel: from.multi_label, pooling: string(from.pooling), strength: from.strength,
            temperature: from.temperature, threshold: from.threshold, accuracy: from.accuracy,
            accuracyDeviation: from.accuracy_deviation, macroF1: from.macro_f1, macroF1Deviation: from.macro_f1_deviation,
            calibrationError: from.calibration_error)
    }
}
