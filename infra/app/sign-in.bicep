// Whose token a request carries, for the record (docs/settings.md, "Who called"). Requests without one are let
// through: Event Grid and services have keys, which guard the functions as before.
param siteName string
param authClientId string

resource site 'Microsoft.Web/sites@2024-04-01' existing = {
  name: siteName
}

resource signIn 'Microsoft.Web/sites/config@2024-04-01' = {
  // checkov:skip=CKV_AZURE_63:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_65:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_66:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_80:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_88:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_222:This is the part of the site's configuration about signing in, which has no such property
  // checkov:skip=CKV_AZURE_13:The check looks at the settings of version 1; these are version 2, and enabled
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: authClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [authClientId, 'api://${authClientId}']
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}
