import Foundation
import TestSupport
import Testing
import Training

@Suite("TensorBoard log")
struct TensorBoardLogTests {
  @Test("the file is that of the tensorboard package, byte for byte")
  func bytes() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "events-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let time = 1_700_000_000.25
    var log = TensorBoardLog(folder: folder.path, time: time)
    for (step, loss) in [(30, Float(6.5)), (60000, 0.25)] {
      try log.append([("train/loss", loss), ("train/ap", 0.125)], step: step, time: time)
    }
    let written = try Data(contentsOf: folder.appending(path: "events.out.tfevents.1700000000.yolox-train"))
    let expected = try Data(
      contentsOf: SharedData.projectRoot.appending(path: "Tests/Fixtures/Training/events.bin"))
    #expect(written == expected)
  }
}
