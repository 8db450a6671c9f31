import COCO
import Foundation
import TestSupport
import Testing

@Suite("AnnotationValidator")
struct AnnotationValidatorTests {
  private let images = [
    Annotations.Image(id: 1, fileName: "a.jpg", width: 100, height: 50),
    Annotations.Image(id: 2, fileName: "b.jpg", width: 100, height: 50),
  ]
  private let categories = [Annotations.Category(id: 3, name: "cat")]

  private func object(_ id: Int, _ box: [Double], image: Int = 1, category: Int = 3) -> Annotations.Object {
    Annotations.Object(id: id, imageID: image, categoryID: category, box: box)
  }

  private func check(
    _ objects: [Annotations.Object], images: [Annotations.Image]? = nil, missing: Set<String> = []
  ) -> AnnotationValidator {
    AnnotationValidator(
      Annotations(images: images ?? self.images, categories: categories, objects: objects),
      imageExists: { !missing.contains($0.fileName) })
  }

  @Test("reports no issue for a valid file and changes nothing")
  func good() {
    let objects = [
      object(1, [0, 0, 100, 50]), object(2, [0.1, 0.2, 0.3, 0.7]),
      object(3, [99.9, 49.9, 0.1, 0.1], image: 2),
      Annotations.Object(id: 4, imageID: 2, categoryID: 3, box: [0, 0, 9, 9], area: 0, isCrowd: true),
    ]
    let result = check(objects)
    #expect(result.issues.isEmpty)
    #expect(result.cleaned.objects == objects && result.cleaned.images == images)
    #expect(
      result.summary == "2 images (0 without objects), 3 objects and 1 crowds of 1 classes; issues: 0")
  }

  @Test("reports one line for each unusable record and keeps the rest")
  func bad() {
    let result = check(
      [
        object(1, [10, 10, 10, 10]), object(1, [20, 20, 10, 10]), object(2, [0, 0, 5, 5], image: 9),
        object(3, [0, 0, 5, 5], category: 8), object(4, [5, 5, 0, 10]), object(5, [5, 5, 10, -1]),
        object(6, [100, 0, 10, 10]), object(7, [-20, 10, 15, 10]), object(8, [90, 40, 20, 30]),
        object(9, [1, 1, 5, 5], image: 2), object(10, [1, 1, 5, 5], image: 2), object(0, [1, 1, 5, 5]),
        object(11, [1, 1, .infinity, 5]),
      ],
      images: images + [
        Annotations.Image(id: 1, fileName: "again.jpg", width: 9, height: 9),
        Annotations.Image(id: 4, fileName: "empty.jpg", width: 0, height: 9),
      ], missing: ["b.jpg"])
    #expect(
      result.issues == [
        .missingImage(id: 2, fileName: "b.jpg", objects: 2),
        .duplicateImage(id: 1, fileName: "again.jpg"),
        .emptyImage(id: 4, fileName: "empty.jpg", width: 0, height: 9),
        .duplicateObject(id: 1), .unknownImage(object: 2, imageID: 9),
        .unknownCategory(object: 3, categoryID: 8), .emptyBox(object: 4, box: [5, 5, 0, 10]),
        .emptyBox(object: 5, box: [5, 5, 10, -1]),
        .outsideImage(object: 6, box: [100, 0, 10, 10], width: 100, height: 50),
        .outsideImage(object: 7, box: [-20, 10, 15, 10], width: 100, height: 50),
        .clipped(object: 8, box: [90, 40, 20, 30], width: 100, height: 50),
        .zeroID(imageID: 1), .emptyBox(object: 11, box: [1, 1, .infinity, 5]),
      ])
    #expect(result.issues.allSatisfy { !$0.description.contains("\n") })
    #expect(result.cleaned.images == [images[0]])
    #expect(
      result.cleaned.objects == [
        object(1, [10, 10, 10, 10]), object(8, [90, 40, 10, 10]), object(0, [1, 1, 5, 5]),
      ])
    #expect(
      result.issues.first?.description
        == "image 2 (b.jpg): file not found; left out with its objects (2)")
  }

  @Test("clips rounding errors without an issue")
  func rounding() {
    let result = check([object(1, [-0.5, 0, 101, 50.2])])
    #expect(result.issues.isEmpty)
    #expect(result.cleaned.objects == [object(1, [0, 0, 100, 50])])
  }

  @Test("reports a duplicate category and uses the first")
  func categoryTwice() {
    let result = AnnotationValidator(
      Annotations(
        images: images, categories: categories + [.init(id: 3, name: "dog"), .init(id: 1, name: "cow")],
        objects: []), imageExists: { _ in true })
    #expect(result.issues == [.duplicateCategory(id: 3, name: "dog")])
    #expect(result.cleaned.labels == ["cow", "cat"])
  }

  @Test("reports no further issue for cleaned annotations")
  func idempotent() {
    var random = SplitMix64(seed: 8)
    let objects = (1...300).map { id in
      object(
        id % 280, random.floats(4, in: -30...130).map { Double($0) }, image: id % 4,
        category: id % 9 == 0 ? 5 : 3)
    }
    let once = check(objects)
    let twice = AnnotationValidator(once.cleaned, imageExists: { _ in true })
    #expect(once.issues.count > 100 && once.cleaned.objects.count > 20)
    #expect(twice.issues.allSatisfy { if case .zeroID = $0 { true } else { false } })
    #expect(twice.cleaned.objects.map(\.id) == once.cleaned.objects.map(\.id))
  }

  @Test(
    "accepts COCO's own files", .sharedData("coco/instances_train2017.json", "coco/instances_val2017.json"),
    arguments: ["train2017", "val2017"])
  func coco(set: String) throws {
    let annotations = try Annotations(contentsOf: SharedData.url("coco/instances_\(set).json").path)
    let result = AnnotationValidator(annotations) {
      FileManager.default.fileExists(atPath: SharedData.url("coco/\(set)/\($0.fileName)").path)
    }
    #expect(result.issues.isEmpty)
    #expect(result.cleaned.images.count == annotations.images.count && result.cleaned.labels.count == 80)
  }
}
