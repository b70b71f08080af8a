// The function app, on Flex Consumption.
param location string
param tags object
param name string
param planName string
param pythonVersion string
param identityId string
param identityClientId string
param packagesUrl string
param applicationInsightsConnectionString string
param settings object
// Whether settings refer to secrets of a Key Vault, which the app's identity then reads.
param readsKeyVault bool

var allSettings = union(settings, {
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The root answers with nothing, in place of a page that says what runs here.
  AzureWebJobsDisableHomepage: 'true'
  // Which identity the SDKs sign in by.
  AZURE_CLIENT_ID: identityClientId
  // Threads wait for tables and for ACS; the worker's default is a few for each processor.
  PYTHON_THREADPOOL_THREAD_COUNT: '32'
  // Event Grid delivers a mebibyte at most, and the HTTP operations take no more.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '2097152'
})

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225:Not every region with Flex Consumption has zones; Event Grid waits while one is away
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_78:Flex Consumption has no FTP and answers 400 to ftpsState; noPasswords shuts the door, too
  // checkov:skip=CKV_AZURE_18:As for CKV_AZURE_67, which is the same for function apps
  // checkov:skip=CKV_AZURE_67:No template of Microsoft's for Flex Consumption sets http20Enabled, and others are refused
  // checkov:skip=CKV_AZURE_222:Event Grid delivers to the public endpoint, and callers use it; each function has its keys
  // checkov:skip=CKV_AZURE_17:Event Grid shows no client certificate when it delivers to a function
  // checkov:skip=CKV_AZURE_212:Flex Consumption counts instances itself, down to none when nothing happens
  // checkov:skip=CKV_AZURE_213:A probe would keep an app awake that may sleep; the alerts say when it fails
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: readsKeyVault ? identityId : null
    functionAppConfig: {
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        triggers: {
          http: {
            // As many as there are threads; for Python the platform's default is one.
            perInstanceConcurrency: 32
          }
        }
      }
    }
    // Flex Consumption refuses a site for most of what may stand here: tests/test_infra_flex.py has the list.
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [for setting in items(allSettings): {
        name: setting.key
        value: setting.value
      }]
    }
  }
}

// Deployments sign in by identity; there are no publishing passwords.
resource noPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [for channel in ['ftp', 'scm']: {
  parent: site
  name: channel
  properties: {
    allow: false
  }
}]

output id string = site.id
output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
