import Foundation

/// An input of any task. Which fields there must be is up to the task; those that it does not read are ignored, but for a second
/// text where there can be none. The names are those of the Hugging Face pipelines, in Swift's spelling.
public struct Request: Encodable, Sendable {
    /// The text, the text that holds an answer, or the query of a reranking.
    public var text: String?
    public var textPair: String?
    public var question: String?
    public var choices: [String]?
    public var targets: [String]?
    public var candidateLabels: [String]?
    public var documents: [String]?
    /// Ids in place of a text, special tokens counted.
    public var inputIds: [UInt32]?
    /// As many token types as ids.
    public var tokenTypeIds: [UInt32]?

    public init(_ text: String? = nil) {
        self.text = text
    }
}

/// Options of all tasks; albert_options in albert_tasks.h says what each is. An option that is given and that the task does not
/// have is an error of the pipeline.
public struct Options: Encodable, Sendable {
    public var topK: Int?
    public var functionToApply: String?
    public var hypothesisTemplate: String?
    public var entailmentLabel: String?
    public var candidateLabels: [String]?
    public var multiLabel: Bool?
    public var alignToWords: Bool?
    public var handleImpossibleAnswer: Bool?
    public var normalize: Bool?
    public var aggregationStrategy: String?
    public var stride: Int?
    public var targets: [String]?
    public var maxSeqLen: Int?
    public var docStride: Int?
    public var maxAnswerLen: Int?
    public var truncation: String?
    public var maxLength: Int?

    public init() {}
}

/// How inferences are run. Results do not depend on it.
public struct Engine: Sendable {
    /// Most threads that a call uses, the caller's counted; 0 for one a core.
    public var threads: Int
    /// Most bytes of working memory that a call takes; 0 for 1 GiB.
    public var memoryLimit: Int
    /// Rows that go through a layer together, up to 128; 0 for what is fastest. Fewer rows take less memory.
    public var tileRows: Int
    /// Tokens of several short inputs (labels, choices, documents, windows) that run together, for each thread; 0 for 128, 1 to
    /// run them one by one in the least memory.
    public var groupTokens: Int

    public init(threads: Int = 0, memoryLimit: Int = 0, tileRows: Int = 0, groupTokens: Int = 0) {
        (self.threads, self.memoryLimit) = (max(threads, 0), max(memoryLimit, 0))
        (self.tileRows, self.groupTokens) = (max(tileRows, 0), max(groupTokens, 0))
    }
}

/// JSON with the names of the pipelines: `topK` becomes `top_k`. Fields that are nil are left out.
func json<Value: Encodable>(_ value: Value) throws -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
