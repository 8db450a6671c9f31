import ArgumentParser

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Runs the HTTP service.")
  func run() async throws {}
}
