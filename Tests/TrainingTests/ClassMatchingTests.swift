import COCO
import Foundation
import TestSupport
import Testing
import Training
import YOLOX

/// Validation data whose classes have other ids, an other order, fewer or unknown names.
@Suite("Classes of validation data", .computing)
struct ClassMatchingTests {
  private struct Data {
    let folder: String
    let training: DetectionDataset
    let validation: Annotations

    init() throws {
      folder = FileManager.default.temporaryDirectory.appending(path: "classes-\(UUID().uuidString)").path
      var generator = ShapesGenerator()
      generator.side = 64
      try generator.write(train: 8, validation: 6, to: folder)
      training = try #require(try DataFolder(folder).source(.train)).dataset
      validation = try #require(try DataFolder(folder).source(.val)).annotations
    }

    func validationSet(_ categories: [Annotations.Category], ids: [Int: Int]) -> DetectionDataset {
      DetectionDataset(
        annotations: Annotations(
          images: validation.images, categories: categories,
          objects: validation.objects.compactMap { object in
            ids[object.categoryID].map {
              Annotations.Object(
                id: object.id, imageID: object.imageID, categoryID: $0, box: object.box, area: object.area)
            }
          }), images: folder + "/val")
    }
  }

  private func truth(_ dataset: DetectionDataset) -> [[Sample.Object]] { dataset.entries.map(\.objects) }

  @Test("the same names under other ids are the same classes: the truth does not change")
  func otherIDs() throws {
    let data = try Data()
    defer { try? FileManager.default.removeItem(atPath: data.folder) }
    let labels = data.training.labels
    let straight = DetectionDataset(annotations: data.validation, images: data.folder + "/val")
    let reversed = data.validationSet(
      labels.enumerated().map { Annotations.Category(id: 30 - $0, name: $1) }, ids: [1: 30, 2: 29, 3: 28])
    #expect(reversed.labels == labels.reversed())
    let matched = try reversed.matched(to: labels)
    #expect(matched.labels == labels)
    #expect(truth(matched) == truth(straight))

    // Perfect detections get AP 1 with either; by ids, they got less without a word.
    let evaluation = Evaluation(dataset: matched)
    let perfect = straight.entries.map { entry in
      entry.objects.map {
        Detection(
          classID: $0.classIndex, score: 1, box: Box(x1: $0.x1, y1: $0.y1, x2: $0.x2, y2: $0.y2))
      }
    }
    #expect(Summary(evaluation.accumulated(perfect)).ap > 0.999)
  }

  @Test("fewer classes than in training are evaluated, where detections of the others were out of range")
  func fewerClasses() throws {
    let data = try Data()
    defer { try? FileManager.default.removeItem(atPath: data.folder) }
    let fewer = data.validationSet([Annotations.Category(id: 5, name: "square")], ids: [2: 5])
    let matched = try fewer.matched(to: data.training.labels)
    #expect(matched.labels == data.training.labels)
    let detections = matched.entries.map { _ in
      (0..<3).map { Detection(classID: $0, score: 0.5, box: Box(x1: 0, y1: 0, x2: 9, y2: 9)) }
    }
    #expect(Summary(Evaluation(dataset: matched).accumulated(detections)).perClass.count == 3)
  }

  @Test("names that training does not have are rejected before the first epoch, unless no object has them")
  func unknownNames() throws {
    let data = try Data()
    defer { try? FileManager.default.removeItem(atPath: data.folder) }
    let names = ["circle", "square", "triangel"].enumerated().map {
      Annotations.Category(id: $0 + 1, name: $1)
    }
    let misspelt = data.validationSet(names, ids: [1: 1, 2: 2, 3: 3])
    var options = TrainingOptions(variant: .nano, epochs: 1, batchSize: 4, threads: 1)
    options.inputSize = 32
    #expect {
      try Trainer(
        options: options, training: data.training, validation: misspelt, weights: nil,
        folder: data.folder + "/run", report: { _ in })
    } throws: {
      "\($0)".contains("'triangel'") && "\($0)".contains("training has circle, square, triangle")
    }
    let unused = data.validationSet(names, ids: [1: 1, 2: 2])
    #expect(try unused.matched(to: data.training.labels).issues.contains { $0.contains("triangel") })
  }

  @Test("a class name that occurs twice or would break the list in the weights is rejected")
  func names() throws {
    let data = try Data()
    defer { try? FileManager.default.removeItem(atPath: data.folder) }
    for name in ["square", "a\nb", " "] {
      let training = data.validationSet(
        [.init(id: 1, name: "square"), .init(id: 2, name: name)], ids: [1: 1, 2: 2])
      #expect(throws: TrainingError.self) {
        try Trainer(
          options: TrainingOptions(variant: .nano, epochs: 1, batchSize: 4, threads: 1), training: training,
          validation: nil, weights: nil, folder: data.folder + "/run", report: { _ in })
      }
    }
  }

  @Test("a stratified split leaves every class on both sides and loses no image")
  func split() throws {
    let data = try Data()
    defer { try? FileManager.default.removeItem(atPath: data.folder) }
    let parts = data.training.splitting(validation: 0.25, seed: 0)
    #expect(parts.validation.entries.count == 2 && parts.training.entries.count == 6)
    #expect(
      Set((parts.training.entries + parts.validation.entries).map(\.imageID))
        == Set(data.training.entries.map(\.imageID)))
    #expect(parts.validation.labels == data.training.labels)
    #expect(parts.validation.fingerprint != parts.training.fingerprint)
    let again = data.training.splitting(validation: 0.25, seed: 0)
    #expect(again.validation.fingerprint == parts.validation.fingerprint)
  }
}
