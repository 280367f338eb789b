import Albert
import SwiftUI

@main
struct IntentsApp: App {
    private let intents = Result { try Intents() }

    var body: some Scene {
        WindowGroup {
            switch intents {
            case .success(let intents): IntentsView(intents: intents)
            case .failure(let error): Text(String(describing: error)).padding()
            }
        }
    }
}

/// A field to type in, and the labels below it.
struct IntentsView: View {
    let intents: Intents
    @State private var text = ""
    @State private var lines: [String] = []

    var body: some View {
        VStack(alignment: .leading) {
            TextField("wake me up at six", text: $text).textFieldStyle(.roundedBorder)
            ForEach(lines, id: \.self) { line in
                Text(line)
            }
            Spacer()
        }
        .padding()
        // Starts anew when the text changes, and cancels what is computed for the one before.
        .task(id: text) { await show(text) }
    }

    @MainActor
    private func show(_ text: String) async {
        do {
            lines = try await intents.lines(text)
        } catch let error as AlbertError {
            if error.kind != .cancelled { lines = [error.description] }
        } catch {
            lines = [error.localizedDescription]
        }
    }
}
