import AlbertC

/// A label. `layers` are those that ran, when an inference may end early.
public struct Label: Equatable, Sendable {
    public let label: String
    public let score: Float
    public let layers: Int?
}

/// Candidate labels of a text, the best first.
public struct Ranking: Equatable, Sendable {
    public let sequence: String
    public let labels: [Label]
}

/// A part of a text. `start` and `end` count Unicode scalars; `index` counts tokens and is nil with an aggregation.
public struct Entity: Equatable, Sendable {
    public let entity: String
    public let word: String
    public let score: Float
    public let start: Int
    public let end: Int
    public let index: Int?
}

/// An answer in a text; empty for "no answer". `start` and `end` count Unicode scalars.
public struct Answer: Equatable, Sendable {
    public let answer: String
    public let score: Float
    public let start: Int
    public let end: Int
}

/// A token in the place of a mask. `mask` says which, from 0, when there are several.
public struct Filling: Equatable, Sendable {
    public let tokenText: String
    public let token: Int
    public let score: Float
    public let sequence: String
    public let mask: Int?
}

/// One of several choices; `index` is its place among them, from 0.
public struct Choice: Equatable, Sendable {
    public let choice: String
    public let score: Float
    public let index: Int
}

/// A document; `index` is its place among the documents, from 0.
public struct RankedDocument: Equatable, Sendable {
    public let text: String
    public let score: Float
    public let index: Int
}

/// What the encoder makes of a text: a row of numbers for each token, and the pooled output when the model has one.
public struct HiddenStates: Equatable, Sendable {
    public let lastHiddenState: [[Float]]
    public let poolerOutput: [Float]?
}

/// What a pipeline does, and what a request gets.
public struct TaskKind<Output>: Sendable {
    /// The name, as models list it.
    public let name: String
    let read: @Sendable (Row) -> Output
}

/// The tasks, with the names of the Hugging Face pipelines.
public enum Tasks {
    public static let textClassification = TaskKind<[Label]>(name: "text-classification") { $0.labels }
    public static let zeroShotClassification = TaskKind<Ranking>(name: "zero-shot-classification") { row in
        Ranking(sequence: row.items.first.map { string($0.sequence) } ?? "", labels: row.labels)
    }
    public static let tokenClassification = TaskKind<[Entity]>(name: "token-classification") { row in
        row.items.map {
            Entity(
                entity: string($0.label), word: string($0.text), score: $0.score, start: $0.start, end: $0.end,
                index: $0.indexIfAny)
        }
    }
    public static let questionAnswering = TaskKind<[Answer]>(name: "question-answering") { row in
        row.items.map { Answer(answer: string($0.text), score: $0.score, start: $0.start, end: $0.end) }
    }
    public static let fillMask = TaskKind<[Filling]>(name: "fill-mask") { row in
        row.items.map {
            Filling(
                tokenText: string($0.text), token: Int($0.token), score: $0.score, sequence: string($0.sequence),
                mask: $0.indexIfAny)
        }
    }
    public static let multipleChoice = TaskKind<[Choice]>(name: "multiple-choice") { row in
        row.items.map { Choice(choice: string($0.label), score: $0.score, index: $0.index) }
    }
    public static let sentenceOrder = TaskKind<Label>(name: "sentence-order") { $0.labels[0] }
    public static let featureExtraction = TaskKind<HiddenStates>(name: "feature-extraction") { row in
        HiddenStates(lastHiddenState: row.vectors, poolerOutput: row.pooled.first)
    }
    public static let sentenceEmbedding = TaskKind<[Float]>(name: "sentence-embedding") { $0.vectors[0] }
    public static let reranking = TaskKind<[RankedDocument]>(name: "reranking") { row in
        row.items.map { RankedDocument(text: string($0.text), score: $0.score, index: $0.index) }
    }
}

/// What one request got, as long as the result lives.
struct Row {
    let result: OpaquePointer
    let row: Int

    var items: UnsafeBufferPointer<albert_item> {
        var items: UnsafePointer<albert_item>?
        var count = 0
        _ = albert_result_items(result, row, &items, &count)
        return UnsafeBufferPointer(start: items, count: count)
    }

    var labels: [Label] {
        items.map { item in
            let given = item.fields & UInt32(ALBERT_FIELD_LAYERS) != 0
            return Label(label: string(item.label), score: item.score, layers: given ? Int(item.layers) : nil)
        }
    }

    var vectors: [[Float]] {
        var matrix = albert_matrix()
        return albert_result_vectors(result, row, &matrix) == 0 ? rows(matrix) : []
    }

    var pooled: [[Float]] {
        var matrix = albert_matrix()
        return albert_result_pooled(result, row, &matrix) == 0 ? rows(matrix) : []
    }

    private func rows(_ matrix: albert_matrix) -> [[Float]] {
        (0..<matrix.rows).map { row in
            Array(UnsafeBufferPointer(start: matrix.values + row * matrix.columns, count: matrix.columns))
        }
    }
}

extension albert_item {
    var indexIfAny: Int? {
        fields & UInt32(ALBERT_FIELD_INDEX) != 0 ? index : nil
    }
}
