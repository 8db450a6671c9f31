import HTTPServer
import HTTPTypes

/// The API description at `/openapi.json`.
enum OpenAPIRoute {
  static let response = Response(
    .ok, fields: [.contentType: "application/json"], body: PackageResources.openapi_json)
}
