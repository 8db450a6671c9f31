import Checkpoints
import Engine
import TestSupport
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

  @Test("predictions that are the same everywhere give a warning")
  func constant() {
    let row: [Float] = [0.1, 0.2, 0.3, 0.4, 0.01, 0.5]
    let tensor = { (rows: [[Float]]) in Tensor(shape: [rows.count, 6], values: rows.flatMap(\.self)) }
    #expect(SelfCheck.warnings(tensor([row, row, row]), threshold: 0.25).count == 1)
    #expect(
      SelfCheck.warnings(tensor([row, row, [0.1, 0.2, 0.31, 0.4, 0.01, 0.5]]), threshold: 0.25).isEmpty)
  }

  @Test("the weights that are served give none")
  func sound() throws {
    let weights = try PretrainedWeights(Checkpoint(ServedScene.current.weights, path: "weights"))
    #expect(try Model(weights).selfCheck(pool: WorkerPool(threads: 1)).isEmpty)
  }
}
