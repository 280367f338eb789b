import Albert
import Foundation

/// What a person wants: the most likely labels of a text.
struct Intents: Sendable {
    private let classify: Pipeline<[Albert.Label]>

    init() throws {
        guard let file = Bundle.main.url(forResource: "clinc-intents-int8", withExtension: "albert") else {
            throw CocoaError(.fileNoSuchFile)
        }
        var options = Options()
        options.topK = 3
        // Two threads are fast, and leave cores to the rest of the phone.
        let engine = Engine(threads: 2)
        classify = try Pipeline(Model(file: file), Tasks.textClassification, options: options, engine: engine)
    }

    /// A line for each label, the best first. Cancelling the task ends the inference.
    func lines(_ text: String) async throws -> [String] {
        if text.allSatisfy({ $0.isWhitespace }) { return [] }
        let labels = try await classify.result(Request(text))
        return labels.map { label in
            let name = label.label.replacingOccurrences(of: "_", with: " ")
            return String(format: "%.1f %%  %@", 100 * label.score, name)
        }
    }
}
