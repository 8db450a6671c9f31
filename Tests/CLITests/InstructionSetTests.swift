import ArgumentParser
import CLI
import Engine
import Testing

@Suite("YOLOX_ISA on the command line")
struct InstructionSetTests {
  @Test(
    "every command rejects an unknown name in one line that lists the valid ones",
    arguments: [
      ["weights", "list"], ["configuration-reference"], ["detect", "a.jpg"], ["bench"], ["serve"], ["health"],
    ])
  func unknown(arguments: [String]) async throws {
    let valid = InstructionSet.available.map(\.name)
    let error = await #expect(throws: PlanError.instructionSet("foo", available: valid)) {
      try await Yolox.execute(arguments, instructionSet: "foo")
    }
    let message = try Yolox.message(for: #require(error))
    #expect(message.contains("'foo' (YOLOX_ISA)") && message.hasSuffix(valid.joined(separator: ", ")))
    #expect(!message.contains("\n"))
  }

  @Test("help and version need no instruction set", arguments: ["--help", "--version"])
  func help(argument: String) async throws {
    let error = await #expect(throws: (any Error).self) {
      try await Yolox.execute([argument], instructionSet: "foo")
    }
    #expect(try Yolox.exitCode(for: #require(error)) == .success)
  }
}
