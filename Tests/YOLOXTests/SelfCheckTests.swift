import Engine
import Testing
import YOLOX

@Suite("SelfCheck")
struct SelfCheckTests {
  @Test("an empty image with objects everywhere, or predictions that are no numbers, give a warning")
  func suspicious() {
    func warnings(_ objectness: [Float]) -> [String] {
      SelfCheck.warnings(
        Tensor(shape: [objectness.count, 6], values: objectness.flatMap { [0, 0, 0, 0, $0, 1] }),
        threshold: 0.25)
    }
    #expect(warnings([0, 0, 0, 0, 0.9]).isEmpty)
    #expect(warnings([0.9, 0.9, 0, 0, 0]).count == 1)
    #expect(warnings([0, .nan, 0, 0, 0]).count == 1)
  }
}
