import Engine
import TestSupport
import Testing

@Suite("InstructionSet")
struct InstructionSetTests {
  private let network = graph(8) { $0.convolution("y", $1, to: 4, kernel: 1, bias: true) }

  private func plan(_ instructionSet: String?) throws -> Plan {
    try Plan(
      network, parameters: parameters(of: network), height: 8, width: 8,
      options: PlanOptions(instructionSet: instructionSet))
  }

  @Test(
    "a plan rejects a name that does not exist, and lists the valid ones",
    arguments: ["foo", "", "AVX2", "avx2 ", "avx", "portable,avx2"])
  func unknown(name: String) throws {
    let valid = InstructionSet.available.map(\.name)
    #expect(throws: PlanError.instructionSet(name, available: valid)) { try plan(name) }
  }

  @Test(
    "a plan rejects a set that this processor cannot run",
    arguments: ["avx512bf16", "avx512vnni", "avx512", "avx2"].filter { name in
      !InstructionSet.available.contains { $0.name == name }
    })
  func unsupported(name: String) {
    #expect(throws: PlanError.self) { try plan(name) }
  }

  @Test("every available set makes a plan that names it", arguments: InstructionSet.available.map(\.name))
  func available(name: String) throws {
    #expect(try plan(name).instructionSet == name)
  }

  @Test("without a request the fastest is selected; portable is the last")
  func fastest() throws {
    #expect(try InstructionSet.selected(nil) == InstructionSet.available.first)
    #expect(InstructionSet.available.last?.name == "portable")
  }

  @Test("the error is one line: the name, the variable, the valid names")
  func message() {
    #expect(
      PlanError.instructionSet("foo", available: ["avx2", "portable"]).description
        == "instruction set 'foo' (YOLOX_ISA) is unknown or not supported by this processor; "
        + "valid here: avx2, portable")
  }
}
