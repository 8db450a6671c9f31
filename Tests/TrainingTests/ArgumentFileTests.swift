import Foundation
import Testing
import TrainCLI
import Training

@Suite("Configuration file")
struct ConfigurationFileTests {
  @Test("options of the file go before those of the command line")
  func expands() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).conf").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("# nano\n model = nano\nepochs=3\r\n\nfreeze-backbone\noutput = \"runs/a b\"\n".utf8)
      .write(to: URL(filePath: path))
    let options = ["--model", "nano", "--epochs", "3", "--freeze-backbone", "--output", "runs/a b"]
    for arguments in [["--epochs", "5", "--config", path], ["--config=" + path, "--epochs", "5"]] {
      #expect(try ArgumentFile.expand(["fit"] + arguments) == ["fit"] + options + ["--epochs", "5"])
    }
    #expect(try ArgumentFile.expand(["fit", "--epochs", "5"]) == ["fit", "--epochs", "5"])
  }

  @Test("a missing file is named")
  func missing() {
    let error = #expect(throws: TrainingError.self) {
      try ArgumentFile.expand(["fit", "--config", "/nowhere.conf"])
    }
    #expect(error?.description.contains("/nowhere.conf") == true)
  }
}
